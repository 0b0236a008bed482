#include "service/router/adapter_set.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/status_mapping.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

// For reading a gigabyte from a slow disk. Other calls are answered from memory.
constexpr std::chrono::seconds kLoadDeadline(120);
constexpr std::chrono::seconds kDeadline(10);

absl::StatusOr<v1::Adapter> LoadOn(WorkerLink& link, const std::string& name, const std::string& path) {
  v1::LoadAdapterRequest request;
  request.set_name(name);
  request.set_path(path);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLoadDeadline);
  v1::Adapter adapter;
  if (grpc::Status status = link.admin->LoadAdapter(&context, request, &adapter); !status.ok()) {
    return FromGrpcStatus(status);
  }
  return adapter;
}

absl::Status UnloadOn(WorkerLink& link, const std::string& name) {
  v1::UnloadAdapterRequest request;
  request.set_name(name);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::UnloadAdapterResponse response;
  return FromGrpcStatus(link.admin->UnloadAdapter(&context, request, &response));
}

absl::StatusOr<v1::ListAdaptersResponse> ListOf(WorkerLink& link) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::ListAdaptersResponse response;
  if (grpc::Status status = link.admin->ListAdapters(&context, {}, &response); !status.ok()) {
    return FromGrpcStatus(status);
  }
  return response;
}

// A worker that has gone starts again with what it should have; only its refusal is an answer.
bool HasGone(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsCancelled(status); }

}  // namespace

bool AdapterSet::Has(const std::string& name) const {
  return std::ranges::any_of(adapters_, [&](const v1::Adapter& adapter) { return adapter.name() == name; });
}

absl::StatusOr<v1::Adapter> AdapterSet::Load(const v1::LoadAdapterRequest& request) {
  const absl::MutexLock lock(&mutex_);
  if (Has(request.name())) {
    return absl::AlreadyExistsError(absl::StrCat("an adapter '", request.name(), "' is loaded already"));
  }
  RETURN_IF_ERROR(pool_->CheckReady());
  std::vector<std::shared_ptr<WorkerLink>> loaded;
  v1::Adapter adapter;
  for (const std::shared_ptr<WorkerLink>& link : pool_->Links()) {
    absl::StatusOr<v1::Adapter> answer = LoadOn(*link, request.name(), request.path());
    if (answer.ok()) {
      adapter = *std::move(answer);
      loaded.push_back(link);
    } else if (!HasGone(answer.status())) {
      for (const std::shared_ptr<WorkerLink>& other : loaded) {
        UnloadOn(*other, request.name()).IgnoreError();
      }
      return answer.status();
    }
  }
  if (loaded.empty()) {
    return absl::UnavailableError("the workers went away before they had loaded the adapter; try again");
  }
  spdlog::info("adapter {} is loaded from {}: {} bytes", adapter.name(), adapter.path(), adapter.bytes());
  adapters_.push_back(adapter);
  return adapter;
}

absl::Status AdapterSet::Unload(const std::string& name) {
  const absl::MutexLock lock(&mutex_);
  const auto at =
      std::ranges::find(adapters_, name, [](const v1::Adapter& adapter) { return adapter.name(); });
  if (at == adapters_.end()) {
    std::string names;
    for (const v1::Adapter& adapter : adapters_) {
      absl::StrAppend(&names, names.empty() ? "'" : ", '", adapter.name(), "'");
    }
    return absl::NotFoundError(
        absl::StrCat("there is no adapter '", name, "'; loaded are ", names.empty() ? "none" : names));
  }
  adapters_.erase(at);
  for (const std::shared_ptr<WorkerLink>& link : pool_->Links()) {
    const absl::Status status = UnloadOn(*link, name);
    if (!status.ok() && !HasGone(status) && !absl::IsNotFound(status)) {
      spdlog::warn("worker {} did not unload adapter {}: {}", link->name, name, status.ToString());
    }
  }
  spdlog::info("adapter {} is unloaded", name);
  return absl::OkStatus();
}

std::vector<v1::Adapter> AdapterSet::list() const {
  const absl::MutexLock lock(&mutex_);
  return adapters_;
}

absl::Status AdapterSet::Prepare(WorkerLink& link, const std::function<void()>& join) {
  const absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(MakeAgree(link));
  join();
  return absl::OkStatus();
}

absl::Status AdapterSet::MakeAgree(WorkerLink& link) {
  ASSIGN_OR_RETURN(const v1::ListAdaptersResponse there, ListOf(link));
  for (const v1::Adapter& adapter : there.adapters()) {
    if (!Has(adapter.name())) {
      RETURN_IF_ERROR(UnloadOn(link, adapter.name()));
    }
  }
  for (v1::Adapter& adapter : adapters_) {
    const auto at = std::ranges::find(there.adapters(), adapter.name(),
                                      [](const v1::Adapter& other) { return other.name(); });
    if (at != there.adapters().end()) {
      adapter = *at;  // Of those that came by flags nothing but name and path was known.
      continue;
    }
    const absl::StatusOr<v1::Adapter> answer = LoadOn(link, adapter.name(), adapter.path());
    if (!answer.ok()) {
      if (HasGone(answer.status())) {
        return answer.status();
      }
      spdlog::error("worker {} is without adapter {}: {}", link.name, adapter.name(),
                    answer.status().ToString());
    }
  }
  return absl::OkStatus();
}

}  // namespace bitnet

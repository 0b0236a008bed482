#include "service/security/authenticator.h"

#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/errors/error_details.h"
#include "spdlog/spdlog.h"

namespace bitnet {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);
constexpr std::string_view kScheme = "bearer ";

std::filesystem::file_time_type WriteTime(const std::string& path) {
  std::error_code error;
  return std::filesystem::last_write_time(path, error);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::FromFile(const std::string& path,
                                                                       Clock* clock) {
  auto result = std::make_unique<Authenticator>();
  result->path_ = path;
  result->clock_ = clock;
  const absl::MutexLock lock(&result->mutex_);
  result->written_ = WriteTime(path);
  result->looked_ = clock->Now();
  ASSIGN_OR_RETURN(result->callers_, ReadTokenFile(path));
  return result;
}

void Authenticator::ReadAgainIfChanged() {
  const absl::Time now = clock_->Now();
  if (now - looked_ < kLookInterval) {
    return;
  }
  looked_ = now;
  const auto written = WriteTime(path_);
  if (written == written_) {
    return;
  }
  written_ = written;
  absl::StatusOr<std::vector<Caller>> callers = ReadTokenFile(path_);
  if (!callers.ok()) {
    spdlog::error("the tokens stay as they were: {}", std::string(callers.status().message()));
    return;
  }
  spdlog::info("{}: {} callers", path_, callers->size());
  callers_ = *std::move(callers);
}

absl::StatusOr<Caller> Authenticator::Identify(std::string_view authorization) {
  if (open_to_all()) {
    return Anybody();
  }
  const absl::string_view header(authorization.data(), authorization.size());
  if (!absl::StartsWithIgnoreCase(header, {kScheme.data(), kScheme.size()})) {
    return WithReason(absl::UnauthenticatedError("this server wants a token: 'authorization: Bearer TOKEN'"),
                      "TOKEN_MISSING");
  }
  const absl::MutexLock lock(&mutex_);
  ReadAgainIfChanged();
  const Caller* caller = FindCaller(callers_, authorization.substr(kScheme.size()));
  if (caller == nullptr) {
    return WithReason(absl::UnauthenticatedError("the token is not known here"), "TOKEN_UNKNOWN");
  }
  return *caller;
}

absl::StatusOr<Authenticator::Admitted> Authenticator::Admit(std::string_view authorization) {
  ASSIGN_OR_RETURN(Caller caller, Identify(authorization));
  if (caller.max_requests == 0) {
    return Admitted(std::move(caller), nullptr);
  }
  const absl::MutexLock lock(&mutex_);
  std::shared_ptr<std::atomic<int>>& running = running_[caller.name];
  if (running == nullptr) {
    running = std::make_shared<std::atomic<int>>(0);
  }
  if (*running >= caller.max_requests) {
    const std::string used = absl::StrCat(caller.name, " has ", caller.max_requests,
                                          " requests running, as many as it may have at once");
    return WithQuotaFailure(WithReason(absl::ResourceExhaustedError(used), "TOO_MANY_REQUESTS_RUNNING",
                                       {{"limit", absl::StrCat(caller.max_requests)}}),
                            absl::StrCat("client:", caller.name), used);
  }
  ++*running;
  return Admitted(std::move(caller), running);
}

absl::Status Authenticator::CheckAdmin(std::string_view authorization) {
  ASSIGN_OR_RETURN(const Caller caller, Identify(authorization));
  return caller.admin
             ? absl::OkStatus()
             : WithReason(absl::PermissionDeniedError(absl::StrCat(
                              caller.name, " is no administrator: 'admin' in the file of tokens makes one")),
                          "NO_ADMINISTRATOR");
}

}  // namespace bitnet

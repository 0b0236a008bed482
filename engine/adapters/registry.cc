#include "engine/adapters/registry.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

constexpr size_t kMaxName = 128;

absl::Status CheckName(std::string_view name) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._-/:").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > kMaxName || !std::ranges::all_of(name, allowed)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the adapter's name is %s; 1 to %d letters, digits and characters of \"._-/:\" were wanted",
        QuoteName(name), kMaxName));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<size_t> AdapterRegistry::RoomForLocked(std::string_view name) const {
  RETURN_IF_ERROR(CheckName(name));
  size_t used = 0;
  for (const Entry& entry : entries_) {
    if (entry.info.name == name) {
      return absl::AlreadyExistsError(
          absl::StrFormat("an adapter %s is loaded already, from %s", QuoteName(name), entry.info.path));
    }
    used += entry.info.bytes;
  }
  if (entries_.size() >= max_adapters_) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d adapters are loaded, as many as may", max_adapters_));
  }
  for (const auto& weak : removed_) {
    if (const std::shared_ptr<const Adapter> adapter = weak.lock()) {
      used += adapter->bytes();
    }
  }
  return max_bytes_ - std::min(used, max_bytes_);
}

absl::StatusOr<size_t> AdapterRegistry::RoomFor(std::string_view name) const {
  absl::ReaderMutexLock lock(&mutex_);
  return RoomForLocked(name);
}

absl::Status AdapterRegistry::Add(std::string_view name, std::string path,
                                  std::shared_ptr<const Adapter> adapter) {
  AdapterInfo info = {.name = std::string(name),
                      .path = std::move(path),
                      .bytes = adapter->bytes(),
                      .max_rank = adapter->max_rank(),
                      .num_pairs = adapter->num_pairs()};
  absl::MutexLock lock(&mutex_);
  std::erase_if(removed_, [](const auto& weak) { return weak.expired(); });
  ASSIGN_OR_RETURN(const size_t room, RoomForLocked(name));
  if (info.bytes > room) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%s: takes %d bytes in memory; there is room for %d", info.path, info.bytes, room));
  }
  entries_.push_back({std::move(info), std::move(adapter)});
  return absl::OkStatus();
}

absl::Status AdapterRegistry::Remove(std::string_view name) {
  Entry removed;  // Freed after the lock, if no request has it.
  absl::MutexLock lock(&mutex_);
  const auto at = std::ranges::find(entries_, name,
                                    [](const Entry& entry) -> std::string_view { return entry.info.name; });
  if (at == entries_.end()) {
    return NotFound(name);
  }
  removed = std::move(*at);
  entries_.erase(at);
  removed_.emplace_back(removed.adapter);
  return absl::OkStatus();
}

absl::StatusOr<AdapterLease> AdapterRegistry::Lease(std::span<const AdapterUse> uses) const {
  AdapterLease lease;
  absl::ReaderMutexLock lock(&mutex_);
  for (const AdapterUse& use : uses) {
    const auto at = std::ranges::find(entries_, use.name, [](const Entry& entry) { return entry.info.name; });
    if (at == entries_.end()) {
      return NotFound(use.name);
    }
    lease.Add(at->adapter, use.scale);
  }
  return lease;
}

std::vector<AdapterInfo> AdapterRegistry::list() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<AdapterInfo> infos;
  infos.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    infos.push_back(entry.info);
  }
  return infos;
}

absl::Status AdapterRegistry::NotFound(std::string_view name) const {
  const std::string names = absl::StrJoin(entries_, ", ", [](std::string* out, const Entry& entry) {
    absl::StrAppend(out, QuoteName(entry.info.name));
  });
  return absl::NotFoundError(absl::StrFormat("there is no adapter %s; loaded are %s", QuoteName(name),
                                             names.empty() ? "none" : names));
}

}  // namespace bitnet

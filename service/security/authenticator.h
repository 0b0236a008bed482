// Who is calling, and whether that is allowed.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/clock.h"
#include "service/security/token_file.h"

namespace bitnet {

// With a file of tokens, only its callers may call; without one, everybody may. The file is read again within
// a second of its change; if it can not be read then, what it said before holds. Safe to share between
// threads.
class Authenticator {
 public:
  // Everybody may call.
  Authenticator() = default;
  // Borrows `clock`. Errors are those of ReadTokenFile.
  static absl::StatusOr<std::unique_ptr<Authenticator>> FromFile(const std::string& path, Clock* clock);

  // A caller and its place among its requests, which it gives back when it goes.
  class Admitted {
   public:
    Admitted() = default;
    Admitted(Caller caller, std::shared_ptr<std::atomic<int>> running)
        : caller_(std::move(caller)), running_(std::move(running)) {}
    Admitted(Admitted&& other) noexcept = default;
    Admitted& operator=(Admitted&& other) noexcept {
      std::swap(caller_, other.caller_);
      std::swap(running_, other.running_);
      return *this;
    }
    ~Admitted() {
      if (running_ != nullptr) {
        --*running_;
      }
    }
    const Caller& caller() const { return caller_; }

   private:
    Caller caller_;
    std::shared_ptr<std::atomic<int>> running_;
  };

  // Who it is. `authorization` is the header's value, "" if there was none. UNAUTHENTICATED: it is no "Bearer
  // TOKEN", or nobody's token. The messages name the caller and never the token; so below.
  absl::StatusOr<Caller> Identify(std::string_view authorization);
  // For a request, which counts. RESOURCE_EXHAUSTED: the caller has as many as it may have.
  absl::StatusOr<Admitted> Admit(std::string_view authorization);
  // PERMISSION_DENIED: it is no administrator.
  absl::Status CheckAdmin(std::string_view authorization);

  bool open_to_all() const { return path_.empty(); }

 private:
  // Of everybody, where anybody may call.
  static Caller Anybody() { return {.name = "", .admin = true}; }
  void ReadAgainIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::string path_;  // "": everybody may call.
  Clock* clock_ = nullptr;
  absl::Mutex mutex_;
  std::vector<Caller> callers_ ABSL_GUARDED_BY(mutex_);
  std::filesystem::file_time_type written_ ABSL_GUARDED_BY(mutex_);
  absl::Time looked_ ABSL_GUARDED_BY(mutex_);
  // By name; a caller that the file does not name any more keeps its count until its requests are done.
  std::map<std::string, std::shared_ptr<std::atomic<int>>> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet

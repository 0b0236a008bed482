// The answers that clients may come back for.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace bitnet {

class AnswerSession;

struct ResumeLimits {
  int answers = 256;
  // Of the logs of all of them. No more answers are kept once it is reached; those that are on the way go on.
  size_t bytes = size_t{64} << 20;
};

// Safe to share between threads. Never calls an answer's methods that take its lock.
class ResumeStore {
 public:
  explicit ResumeStore(const ResumeLimits& limits) : limits_(limits) {}

  // Keeps `answer` until Remove; answers that are complete and that nobody reads go to make room for it, the
  // oldest first. RESOURCE_EXHAUSTED: there are none, and as many as may be kept.
  absl::Status Add(std::shared_ptr<AnswerSession> answer);
  // The answer to `request_id`, of the same caller. NOT_FOUND: there is none, or it is another caller's,
  // which is not told apart.
  absl::StatusOr<std::shared_ptr<AnswerSession>> Find(const std::string& request_id,
                                                      const std::string& caller) const;
  // No effect, as below, if it is not kept.
  void Remove(const std::string& request_id);

  void SetBytes(const std::string& request_id, size_t bytes);
  // Whether it is complete, and nobody reads it.
  void SetIdle(const std::string& request_id, bool idle);

 private:
  struct Entry {
    std::shared_ptr<AnswerSession> answer;
    size_t bytes = 0;
    bool idle = false;
  };
  using Entries = std::list<Entry>;

  Entries::iterator Locate(const std::string& request_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ResumeLimits limits_;
  mutable absl::Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);  // The oldest first; few enough to look through.
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace bitnet

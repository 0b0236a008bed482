// The bound on requests that wait.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"

namespace bitnet {

// Counts the requests that have no first token yet: those are what a further request would wait behind. A
// request that streams has its slot and is bounded by the workers. Safe to share between threads.
class Admission {
 public:
  // A place among the waiting; given back on destruction.
  class Place {
   public:
    Place() = default;
    explicit Place(Admission* admission) : admission_(admission) {}
    Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(admission_, other.admission_);
      return *this;
    }
    ~Place() { Release(); }
    void Release() {
      if (Admission* admission = std::exchange(admission_, nullptr)) {
        --admission->waiting_;
      }
    }

   private:
    Admission* admission_ = nullptr;
  };

  explicit Admission(int max_waiting) : max_waiting_(max_waiting) {}

  // RESOURCE_EXHAUSTED if `max_waiting` are waiting.
  absl::StatusOr<Place> Enter();
  int waiting() const { return waiting_; }

 private:
  const int max_waiting_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace bitnet

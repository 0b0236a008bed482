// The bound on requests that wait.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/admission/admission_limits.h"
#include "service/admission/drain_rate.h"
#include "service/admission/retry_pacer.h"
#include "service/clock.h"

namespace bitnet {

// Counts the requests that have no first token yet, and the tokens they ask for: those are what a further
// request would wait behind. A request that streams has its slot and is bounded by the workers. Measures how
// fast they get their turn, and tells those it refuses when to come back.
//
// The bounds are there for how long somebody waits, so a server that does less for its heat takes as much
// less.
//
// Safe to share between threads.
class Admission {
 public:
  // A place among the waiting; given back on destruction.
  class Place {
   public:
    Place() = default;
    Place(Admission* admission, std::string client, int requests)
        : admission_(admission), client_(std::move(client)), requests_(requests) {}
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept {
      std::swap(admission_, other.admission_);
      std::swap(client_, other.client_);
      std::swap(requests_, other.requests_);
      std::swap(tokens_, other.tokens_);
      return *this;
    }
    ~Place() { Release(); }

    // The request is known to ask for so many tokens: of its prompt, and of the answer as far as it can be
    // told. Once. RESOURCE_EXHAUSTED, as Enter, if those that wait ask for too many with it.
    absl::Status Charge(int64_t tokens);
    // Its turn has come: as Release, and counts for how fast the queue moves.
    void Begin() { Leave(true); }
    void Release() { Leave(false); }

   private:
    friend class Admission;
    void Leave(bool begun);

    Admission* admission_ = nullptr;
    std::string client_;
    int requests_ = 0;
    int64_t tokens_ = 0;
  };

  // Borrows `clock`.
  Admission(const AdmissionLimits& limits, Clock* clock) : limits_(limits), clock_(clock) {}

  // For a request of `client`, or one that is as good as so many. RESOURCE_EXHAUSTED if as many wait as may,
  // with the bound that was met (QuotaFailure, ErrorInfo) and when there should be room (RetryInfo).
  absl::StatusOr<Place> Enter(const std::string& client, int requests = 1);

  // How long a request that comes now is expected to wait for its turn, by how fast those before it got
  // theirs. Zero if nobody waits, or nothing has been measured.
  absl::Duration ExpectedWait() const;
  // The same status with when to come back, if it is RESOURCE_EXHAUSTED and does not say.
  absl::Status WithRetry(absl::Status status);

  // The share of its usual work that the server does from now on, in (0, 1] (ThermalSteps).
  void SetShare(double share);

  int waiting() const;
  int64_t waiting_tokens() const;
  AdmissionLimits limits() const;  // In force now: each is at least 1.

 private:
  struct Load {
    int requests = 0;
    int64_t tokens = 0;
  };
  struct Bound;

  absl::Status Charge(Place& place, int64_t tokens);
  void Leave(const Place& place, bool begun);
  absl::Status Check(const Bound& bound) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  AdmissionLimits Limits() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const AdmissionLimits limits_;  // Of a server that does all of its work.
  Clock* const clock_;
  mutable absl::Mutex mutex_;
  double share_ ABSL_GUARDED_BY(mutex_) = 1;
  Load all_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Load> clients_ ABSL_GUARDED_BY(mutex_);  // Those that have someone waiting.
  DrainRate rate_ ABSL_GUARDED_BY(mutex_);
  RetryPacer pacer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet

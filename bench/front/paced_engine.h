// An engine that computes nothing: sequences get their tokens by the clock.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace bitnet {

// How fast, and how many at once.
struct Pace {
  absl::Duration step = absl::Milliseconds(10);  // Between two tokens of a sequence.
  int slots = 64;                                // Sequences that get tokens; more wait for a slot.
  int prefill_steps = 1;                         // From the slot to the first token.
  // A step gives its tokens in so many portions, evenly spread over its time: 1 is a batch step, after which
  // all sequences have a token at once.
  int portions = 1;
  bool stamped = false;  // A token's text is a Stamp of when it was given.

  // "step-us=10000,slots=64,prefill-steps=1,portions=1,stamped=1"; what is left out has its default.
  static absl::StatusOr<Pace> Parse(const std::string& text);
};

// Safe to share between threads.
class PacedEngine {
 public:
  class Sequence {
   public:
    virtual ~Sequence() = default;
    // Called on the engine's thread, or within Submit, under the engine's lock: calls nothing of the engine.
    virtual void OnAdmitted() = 0;
    // False: that was the last one.
    virtual bool OnToken() = 0;

   private:
    friend class PacedEngine;
    int steps_to_token_ = 0;
  };

  struct Load {
    uint64_t steps;
    size_t running;
    size_t waiting;
  };

  explicit PacedEngine(const Pace& pace);
  ~PacedEngine();

  // Borrows the sequence until its last token, or Remove.
  void Submit(Sequence* sequence);
  // It gets no call any more. Has no effect if the engine has not got it.
  void Remove(Sequence* sequence);
  Load load() const;

 private:
  void Run();
  void GivePortion(int portion) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FillSlots() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Pace pace_;
  mutable absl::Mutex mutex_;
  std::vector<Sequence*> slots_ ABSL_GUARDED_BY(mutex_);  // Null where free.
  std::deque<Sequence*> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t steps_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet

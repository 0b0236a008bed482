// What an answer took, by all workers that generated it.
#pragma once

#include <utility>

#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

// A worker tells what an attempt took so far with its tokens, and the whole of it at the end, which a lost
// worker does not reach.
class AnswerEnergy {
 public:
  void Update(v1::Energy attempt) { attempt_ = std::move(attempt); }

  // Another attempt begins: what the last one told last stays.
  void EndAttempt() {
    earlier_joules_ += attempt_.joules();
    attempt_.set_joules(0);
  }

  // A v1::Usage or v1::EmbedUsage: nothing if no attempt was counted. The counter is that of the last one
  // that was: the workers of one machine all have the same.
  template <typename Usage>
  void FillIn(Usage& usage) const {
    usage.clear_energy();
    if (!attempt_.source().empty()) {
      *usage.mutable_energy() = attempt_;
      usage.mutable_energy()->set_joules(earlier_joules_ + attempt_.joules());
    }
  }

 private:
  double earlier_joules_ = 0;
  v1::Energy attempt_;  // Without a source until one is told.
};

}  // namespace bitnet

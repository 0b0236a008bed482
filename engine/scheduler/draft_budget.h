// How many guessed tokens a step is worth running for.
#pragma once

#include <cstddef>

namespace bitnet {

// A guess that turns out right saves a step; each costs one more column of every matrix product, right or
// wrong. A step is filled so that it is expected to give the most tokens for its time: a guess is taken if
// its own tokens per time are better than those of the step without it. Hence sure guesses only where many
// sequences share a step already, and none where they are rarely right.
class DraftBudget {
 public:
  // For a step that runs `columns` tokens anyway and gives `tokens` for certain; at most `room` guesses.
  DraftBudget(size_t columns, size_t tokens, size_t room)
      : time_(1 + kColumnTime * (static_cast<float>(columns) - 1)),
        tokens_(static_cast<float>(tokens)),
        room_(room) {}

  size_t room() const { return room_; }

  // Takes a guess that has this chance to become a token of the output; or returns false, as it is not worth
  // its time.
  bool Take(float likelihood) {
    if (room_ == 0 || likelihood * time_ <= kColumnTime * tokens_) {
      return false;
    }
    time_ += kColumnTime;
    tokens_ += likelihood;
    --room_;
    return true;
  }

 private:
  // Of one more column, if a step of a single one takes 1. CPU time of lighthouse-1.58b-6m on one thread of a
  // Zen 3 with x86_avx2, in runs with 1 to 4 guesses a step: 0.3 to 0.9, on a machine that had much else to
  // do. Models that do not fit a cache should cost less; too high a value only leaves out doubtful guesses.
  static constexpr float kColumnTime = 0.5F;

  float time_;
  float tokens_;  // Expected.
  size_t room_;
};

}  // namespace bitnet

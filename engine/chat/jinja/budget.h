// What a template may use, so that a hostile one neither hangs nor eats memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

namespace bitnet::jinja {

// Everything a template does is paid for in one currency: a node evaluated, a list item or 16 bytes of text
// made costs one. Nothing is paid back, so the sum bounds time and memory at once.
class Budget {
 public:
  // Calls and blocks inside each other. A level takes some hundred bytes of stack, and a thread may have no
  // more than 512 KiB of it.
  static constexpr int kMaxDepth = 400;

  explicit Budget(uint64_t work) : left_(work) {}

  absl::Status Spend(uint64_t work) {
    if (work > left_) {
      left_ = 0;
      return absl::InvalidArgumentError("the template does more work than it may");
    }
    left_ -= work;
    return absl::OkStatus();
  }
  absl::Status SpendBytes(uint64_t bytes) { return Spend(bytes / 16); }
  // Looking for one text in another.
  absl::Status SpendSearch(uint64_t bytes, uint64_t needle) {
    return Spend((bytes / 64 + 1) * (needle / 16 + 1));
  }
  // Looking for each character of one text among those of another.
  absl::Status SpendStrip(uint64_t bytes, uint64_t chars) {
    return Spend((bytes / 16 + 1) * (chars / 16 + 1));
  }
  // Looking for a key among `count`, one after the other.
  absl::Status SpendLookup(uint64_t count, uint64_t key_bytes) {
    return Spend(count / 8 * (key_bytes / 16 + 1) + key_bytes / 16);
  }

  // While one lives, evaluation is a level deeper.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) { ++budget_.depth_; }
    ~Level() { --budget_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    absl::Status status() const {
      return budget_.depth_ <= kMaxDepth
                 ? absl::OkStatus()
                 : absl::InvalidArgumentError("the template calls itself or nests too deeply");
    }

   private:
    Budget& budget_;
  };

 private:
  uint64_t left_;
  int depth_ = 0;
};

}  // namespace bitnet::jinja

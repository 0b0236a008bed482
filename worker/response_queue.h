// What a Generate rpc has yet to write.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// Messages in order, one of them being written at a time. Tokens that come meanwhile go together: a message
// costs both processes more than what is in it.
class ResponseQueue {
 public:
  // A message with so many tokens, each with 20 alternatives, is about 64 KiB.
  static constexpr int kMaxTokens = 64;

  // `energy`: of the attempt with this token; nothing: not counted.
  void AddToken(uint32_t attempt, worker::v1::GeneratedToken token, std::optional<v1::Energy> energy = {}) {
    if (!CanJoinLast()) {
      queue_.emplace_back().mutable_tokens()->set_attempt(attempt);
    }
    *queue_.back().mutable_tokens()->add_tokens() = std::move(token);
    if (energy.has_value()) {
      *queue_.back().mutable_tokens()->mutable_energy() = *std::move(energy);
    }
  }
  void Add(worker::v1::GenerateResponse response) { queue_.push_back(std::move(response)); }

  bool writing() const { return writing_; }
  bool empty() const { return queue_.empty(); }
  // The next one is being written, and stays where it is until OnWritten. There is one, and none is written.
  const worker::v1::GenerateResponse& StartWrite() {
    writing_ = true;
    return queue_.front();
  }
  void OnWritten() {
    writing_ = false;
    queue_.pop_front();
  }
  // While none is written.
  void Clear() { queue_.clear(); }

 private:
  bool CanJoinLast() const {
    return queue_.size() > (writing_ ? 1 : 0) && queue_.back().has_tokens() &&
           queue_.back().tokens().tokens_size() < kMaxTokens;
  }

  std::deque<worker::v1::GenerateResponse> queue_;
  bool writing_ = false;  // The first one is.
};

}  // namespace bitnet

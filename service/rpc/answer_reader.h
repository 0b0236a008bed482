// How far one client has been told of an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/rpc/answer_log.h"

namespace bitnet {

class AnswerReader {
 public:
  // From the token `next_index` on.
  explicit AnswerReader(uint32_t next_index) : next_index_(next_index) {}

  // Tells that there is nothing, where there is nothing.
  void Wait(v1::Waiting waiting) { waiting_ = std::move(waiting); }

  // The next message; false if there is none. The last one is `finished`.
  bool Next(const AnswerLog& log, v1::GenerateResponse& out) {
    out.Clear();
    std::optional<v1::Waiting> waiting = std::exchange(waiting_, std::nullopt);
    if (!log.started().has_value()) {
      return false;
    }
    if (!std::exchange(told_started_, true)) {
      *out.mutable_started() = *log.started();
      waiting_ = std::move(waiting);  // The first one may come right after it.
    } else if (next_index_ < log.end()) {
      next_index_ = log.Read(next_index_, *out.mutable_delta());
    } else if (!log.rest().empty() && !std::exchange(told_rest_, true)) {
      // In a delta of its own, so that one who comes back after the last token knows what comes again.
      out.mutable_delta()->set_text(log.rest());
    } else if (log.finished().has_value()) {
      *out.mutable_finished() = *log.finished();
    } else if (waiting.has_value()) {
      *out.mutable_waiting() = *std::move(waiting);
    } else {
      return false;
    }
    return true;
  }
  uint32_t next_index() const { return next_index_; }

 private:
  uint32_t next_index_;
  bool told_started_ = false;
  bool told_rest_ = false;
  std::optional<v1::Waiting> waiting_;
};

}  // namespace bitnet

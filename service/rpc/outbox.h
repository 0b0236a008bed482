// What is to be told to the client of a Generate request, in the order in which it is sent.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

// One message is written at a time; what comes meanwhile is joined into one delta.
class Outbox {
 public:
  void Start(v1::Started started) { started_ = std::move(started); }
  void AddText(const std::string& text) {
    if (!text.empty()) {
      delta().mutable_text()->append(text);
      pending_bytes_ += text.size();
    }
  }
  void AddToken(const v1::Token& token) {
    *delta().add_tokens() = token;
    pending_bytes_ += token.ByteSizeLong();
  }
  void Wait(v1::Waiting waiting) { waiting_ = std::move(waiting); }
  void Finish(v1::Finished finished) { finished_ = std::move(finished); }

  // Of the next delta, about.
  size_t pending_bytes() const { return pending_bytes_; }
  bool finished() const { return finished_.has_value(); }
  const v1::Finished& last() const { return *finished_; }  // Once finished().

  // The next message; false if there is none. The last one is `finished`. Where there is anything else to
  // tell, nobody need be told that there is nothing.
  bool Take(v1::GenerateResponse& out) {
    out.Clear();
    std::optional<v1::Waiting> waiting = std::exchange(waiting_, std::nullopt);
    if (started_.has_value()) {
      *out.mutable_started() = *std::exchange(started_, std::nullopt);
      waiting_ = std::move(waiting);  // The first one may come right after it.
    } else if (delta_.has_value()) {
      *out.mutable_delta() = *std::exchange(delta_, std::nullopt);
      pending_bytes_ = 0;
    } else if (finished_.has_value()) {
      *out.mutable_finished() = *finished_;
    } else if (waiting.has_value()) {
      *out.mutable_waiting() = *std::move(waiting);
    } else {
      return false;
    }
    return true;
  }

 private:
  v1::Delta& delta() { return delta_.has_value() ? *delta_ : delta_.emplace(); }

  std::optional<v1::Started> started_;
  std::optional<v1::Delta> delta_;
  std::optional<v1::Waiting> waiting_;
  std::optional<v1::Finished> finished_;
  size_t pending_bytes_ = 0;
};

}  // namespace bitnet

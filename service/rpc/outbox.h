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
    }
  }
  void AddToken(const v1::Token& token) { *delta().add_tokens() = token; }
  void Finish(v1::Finished finished) { finished_ = std::move(finished); }

  int pending_tokens() const { return delta_.has_value() ? delta_->tokens_size() : 0; }
  bool finished() const { return finished_.has_value(); }
  const v1::Finished& last() const { return *finished_; }  // Once finished().

  // The next message; false if there is none. The last one is `finished`.
  bool Take(v1::GenerateResponse& out) {
    out.Clear();
    if (started_.has_value()) {
      *out.mutable_started() = *std::exchange(started_, std::nullopt);
    } else if (delta_.has_value()) {
      *out.mutable_delta() = *std::exchange(delta_, std::nullopt);
    } else if (finished_.has_value()) {
      *out.mutable_finished() = *finished_;
    } else {
      return false;
    }
    return true;
  }

 private:
  v1::Delta& delta() { return delta_.has_value() ? *delta_ : delta_.emplace(); }

  std::optional<v1::Started> started_;
  std::optional<v1::Delta> delta_;
  std::optional<v1::Finished> finished_;
};

}  // namespace bitnet

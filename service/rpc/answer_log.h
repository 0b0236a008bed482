// What there is of an answer, in the order in which clients are told.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "proto/bitnet/v1/inference.pb.h"

namespace bitnet {

// Written once, token by token, and read from any token on that has not been forgotten. Whoever reads slowly
// gets several tokens in one delta.
class AnswerLog {
 public:
  // Of one delta, about: far below the 4 MiB that clients take by default.
  static constexpr size_t kMaxDeltaBytes = 64 << 10;

  void Start(v1::Started started) { started_ = std::move(started); }
  // The next token, and the text that may be delivered with it.
  void Add(v1::Token token, std::string text) {
    bytes_ += sizeof(Entry) + token.ByteSizeLong() + text.size();
    entries_.push_back({std::move(token), std::move(text)});
  }
  // With text that had been held back.
  void Finish(std::string rest, v1::Finished finished) {
    rest_ = std::move(rest);
    finished_ = std::move(finished);
  }

  // Joins tokens from `index` on, which is at least first() and below end(), to a delta; returns the index of
  // the next one.
  uint32_t Read(uint32_t index, v1::Delta& delta) const {
    size_t bytes = 0;
    for (; index < end() && bytes < kMaxDeltaBytes; ++index) {
      const Entry& entry = entries_[index - first_];
      *delta.add_tokens() = entry.token;
      delta.mutable_text()->append(entry.text);
      bytes += entry.token.ByteSizeLong() + entry.text.size();
    }
    return index;
  }
  void ForgetBefore(uint32_t index) {
    for (; first_ < index; ++first_) {
      bytes_ -= sizeof(Entry) + entries_.front().token.ByteSizeLong() + entries_.front().text.size();
      entries_.pop_front();
    }
  }

  uint32_t first() const { return first_; }  // The first token that is still here.
  uint32_t end() const {
    return first_ + static_cast<uint32_t>(entries_.size());
  }                                        // One after the last token.
  size_t bytes() const { return bytes_; }  // Of memory, about.
  const std::optional<v1::Started>& started() const { return started_; }
  const std::string& rest() const { return rest_; }
  const std::optional<v1::Finished>& finished() const { return finished_; }

 private:
  struct Entry {
    v1::Token token;
    std::string text;
  };

  std::optional<v1::Started> started_;
  std::deque<Entry> entries_;
  uint32_t first_ = 0;
  size_t bytes_ = 0;
  std::string rest_;
  std::optional<v1::Finished> finished_;
};

}  // namespace bitnet

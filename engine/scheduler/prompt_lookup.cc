#include "engine/scheduler/prompt_lookup.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace bitnet {
namespace {

// Fits a core's first-level cache. Beyond as many tokens chains grow longer, but few are walked to their end.
constexpr size_t kMaxSlots = size_t{1} << 13;
// Pairs looked at per proposal: the latest ones are the likeliest, and a walk stays below a microsecond.
constexpr int kMaxVisits = 24;
// Of a new observation: half of what is known comes from the last five or so.
constexpr float kLearningRate = 0.125F;
// Before anything is known, by length from 2.
constexpr std::array kFirstLikelihoods = {0.3F, 0.5F, 0.6F, 0.7F, 0.8F};

}  // namespace

PromptLookup::PromptLookup(size_t max_tokens)
    : latest_(std::bit_ceil(std::clamp<size_t>(max_tokens, 2, kMaxSlots))), likelihoods_(kFirstLikelihoods) {
  before_.reserve(max_tokens);
}

int32_t PromptLookup::Token(std::span<const int32_t> tokens, size_t i) const {
  const size_t period = tokens.size() - source_;
  return tokens[source_ + i % period];
}

void PromptLookup::Update(std::span<const int32_t> tokens) {
  assert(tokens.size() >= before_.size());
  Learn(tokens);
  Index(tokens);
  Find(tokens);
}

void PromptLookup::Learn(std::span<const int32_t> tokens) {
  if (!found()) {
    return;
  }
  // A token that was proposed by repetition is compared with what it repeats: all before it were right.
  for (size_t i = before_.size(); i < tokens.size(); ++i) {
    float& likelihood = likelihoods_[Class(length_)];
    const bool right = tokens[i] == tokens[source_];
    likelihood += kLearningRate * ((right ? 1 : 0) - likelihood);
    if (!right) {
      return;
    }
    ++source_;
    ++length_;
  }
}

size_t PromptLookup::Slot(std::span<const int32_t> tokens, size_t end) const {
  const uint64_t pair =
      uint64_t{static_cast<uint32_t>(tokens[end - 1])} << 32 | static_cast<uint32_t>(tokens[end]);
  return pair * 0x9E3779B97F4A7C15 >> 32 & (latest_.size() - 1);
}

void PromptLookup::Index(std::span<const int32_t> tokens) {
  for (size_t end = before_.size(); end < tokens.size(); ++end) {
    if (end == 0) {
      before_.push_back(0);
      continue;
    }
    uint32_t& latest = latest_[Slot(tokens, end)];
    before_.push_back(latest);
    latest = static_cast<uint32_t>(end);
  }
}

void PromptLookup::Find(std::span<const int32_t> tokens) {
  length_ = 0;
  if (tokens.empty()) {
    return;
  }
  const size_t last = tokens.size() - 1;
  int visits = 0;
  for (uint32_t end = before_[last]; end != 0 && length_ < kLongest && visits < kMaxVisits;
       end = before_[end], ++visits) {
    size_t length = 0;
    while (length < kLongest && length <= end && tokens[end - length] == tokens[last - length]) {
      ++length;
    }
    if (length >= kShortest && length > length_) {
      length_ = length;
      source_ = end + 1;
    }
  }
}

}  // namespace bitnet

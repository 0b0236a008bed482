#include "engine/grammar/code_points.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr CodePointRange kSurrogates = {0xD800, 0xDFFF};

}  // namespace

CodePoints::CodePoints(std::initializer_list<CodePointRange> ranges) {
  for (const CodePointRange& range : ranges) {
    Add(range);
  }
}

void CodePoints::Add(CodePointRange range) {
  range.last = std::min(range.last, kMaxCodePoint);
  if (range.first < kSurrogates.first) {
    Insert({range.first, std::min<char32_t>(range.last, kSurrogates.first - 1)});
  }
  if (range.last > kSurrogates.last) {
    Insert({std::max<char32_t>(range.first, kSurrogates.last + 1), range.last});
  }
}

void CodePoints::Add(const CodePoints& other) {
  for (const CodePointRange& range : other.ranges_) {
    Insert(range);
  }
}

void CodePoints::Insert(CodePointRange range) {
  if (range.first > range.last) {
    return;
  }
  // All that overlap or touch it become one with it.
  const auto begin = std::ranges::find_if(ranges_, [&](const auto& r) { return r.last + 1 >= range.first; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= range.last + 1; ++end) {
    range = {std::min(range.first, end->first), std::max(range.last, end->last)};
  }
  ranges_.insert(ranges_.erase(begin, end), range);
}

CodePoints CodePoints::Complement() const {
  CodePoints result;
  char32_t next = 0;
  for (const CodePointRange& range : ranges_) {
    if (range.first > next) {
      result.Add({next, range.first - 1});
    }
    next = range.last + 1;
  }
  if (next <= kMaxCodePoint) {
    result.Add({next, kMaxCodePoint});
  }
  return result;
}

CodePoints CodePoints::Minus(const CodePoints& other) const {
  CodePoints result = Complement();
  result.Add(other);
  return result.Complement();
}

bool CodePoints::Contains(char32_t c) const {
  return std::ranges::any_of(ranges_, [=](const auto& r) { return r.first <= c && c <= r.last; });
}

}  // namespace bitnet

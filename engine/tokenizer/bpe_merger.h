// Byte-pair merging: the heart of the tokenizer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace bitnet {

// Which pairs of neighbouring tokens become one token, and in which order.
class MergeTable {
 public:
  struct Merge {
    int32_t rank;  // Lower merges first.
    int32_t id;    // What the pair becomes.
  };

  void Reserve(size_t count) { merges_.reserve(count); }
  // The first entry of a pair counts.
  void Add(int32_t left, int32_t right, Merge merge) { merges_.try_emplace(Key(left, right), merge); }
  // Null if the pair does not merge. Valid until the next Add.
  const Merge* Find(int32_t left, int32_t right) const {
    const auto it = merges_.find(Key(left, right));
    return it == merges_.end() ? nullptr : &it->second;
  }

 private:
  static uint64_t Key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }

  absl::flat_hash_map<uint64_t, Merge> merges_;
};

// Merges words; keeps its memory between them. For one thread.
class BpeMerger {
 public:
  explicit BpeMerger(const MergeTable& merges) : merges_(merges) {}

  // Merges the tokens of one word until no neighbours merge, always the pair of lowest rank first and the
  // leftmost of equals, and appends what remains to `out`. Takes n log n time for n tokens, whatever they
  // are.
  void Merge(std::span<const int32_t> word, std::vector<int32_t>& out);

 private:
  // A token of the word, linked to its neighbours so that merging two moves nothing.
  struct Symbol {
    int32_t id;  // -1: merged into the one on its left.
    int32_t previous;
    int32_t next;
  };
  // A pair that merged when this was made; its left token has this index in symbols_.
  struct Candidate {
    int32_t rank;
    int32_t left;
    int32_t id;
  };
  static bool Later(const Candidate& a, const Candidate& b);

  void Offer(int32_t left);

  const MergeTable& merges_;  // Borrowed; outlives this.
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;  // The next one to merge is first.
};

}  // namespace bitnet

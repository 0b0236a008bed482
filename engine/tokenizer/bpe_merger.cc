#include "engine/tokenizer/bpe_merger.h"

#include <algorithm>
#include <tuple>

namespace bitnet {

bool BpeMerger::Later(const Candidate& a, const Candidate& b) {
  return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
}

// Puts the pair that begins at `left` on the heap if it merges.
void BpeMerger::Offer(int32_t left) {
  const int32_t right = left < 0 ? -1 : symbols_[left].next;
  if (right < 0) {
    return;
  }
  if (const MergeTable::Merge* merge = merges_.Find(symbols_[left].id, symbols_[right].id)) {
    heap_.push_back({merge->rank, left, merge->id});
    std::ranges::push_heap(heap_, Later);
  }
}

void BpeMerger::Merge(std::span<const int32_t> word, std::vector<int32_t>& out) {
  const auto size = static_cast<int32_t>(word.size());
  symbols_.clear();
  heap_.clear();
  for (int32_t i = 0; i < size; ++i) {
    symbols_.push_back({word[i], i - 1, i + 1 < size ? i + 1 : -1});
  }
  for (int32_t i = 0; i < size; ++i) {
    Offer(i);
  }
  while (!heap_.empty()) {
    std::ranges::pop_heap(heap_, Later);
    const Candidate candidate = heap_.back();
    heap_.pop_back();
    Symbol& left = symbols_[candidate.left];
    if (left.id < 0 || left.next < 0) {
      continue;
    }
    // One of the two may have merged with another neighbour meanwhile. What counts is that the pair still
    // makes the same token, even if by another rule now: so do the tokenizers whose output models were
    // trained on.
    const MergeTable::Merge* merge = merges_.Find(left.id, symbols_[left.next].id);
    if (merge == nullptr || merge->id != candidate.id) {
      continue;
    }
    Symbol& right = symbols_[left.next];
    left.id = candidate.id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) {
      symbols_[left.next].previous = candidate.left;
    }
    Offer(left.previous);
    Offer(candidate.left);
  }
  // The first symbol never merges into one on its left.
  for (int32_t i = size > 0 ? 0 : -1; i >= 0; i = symbols_[i].next) {
    out.push_back(symbols_[i].id);
  }
}

}  // namespace bitnet

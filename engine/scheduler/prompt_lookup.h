// Guesses what a sequence says next from what it has said before (prompt lookup decoding).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bitnet {

// Finds the earlier place that has the longest run of tokens, at least two, in common with the end of the
// sequence, and proposes what followed there: answers quote their prompt, and code, lists and names repeat.
//
// Places are kept as in a compressor of the Lempel-Ziv kind: pairs of tokens hash to their latest place, and
// each place knows the one before it. How likely a proposal is to be right is learnt by the length of the
// common run, from proposals that nothing was staked on as well: what came afterwards tells. So nothing has
// to be tried out again after a time without luck, and everything here depends on the tokens alone.
class PromptLookup {
 public:
  // Allocates everything for a sequence of up to `max_tokens`.
  explicit PromptLookup(size_t max_tokens);

  // `tokens` is the whole sequence, which has only grown since the last call.
  void Update(std::span<const int32_t> tokens);

  // Whether there is a proposal. It goes on for ever: beyond the sequence's end it repeats itself.
  bool found() const { return length_ > 0; }
  // Its token `i`, for the position num_tokens + i. `tokens` is what Update was given.
  int32_t Token(std::span<const int32_t> tokens, size_t i) const;
  // How likely token `i` is to be right if all before it are.
  float Likelihood(size_t i) const { return likelihoods_[Class(length_ + i)]; }

 private:
  static constexpr size_t kShortest = 2;  // One token says little about the next.
  static constexpr size_t kLongest = 6;   // Longer runs are as good as this one.

  static size_t Class(size_t length) { return (length < kLongest ? length : kLongest) - kShortest; }

  size_t Slot(std::span<const int32_t> tokens, size_t end) const;
  void Learn(std::span<const int32_t> tokens);
  void Index(std::span<const int32_t> tokens);
  void Find(std::span<const int32_t> tokens);

  // Pairs are named by the position of their second token; 0, which is none, ends a chain.
  std::vector<uint32_t> latest_;  // By hash.
  std::vector<uint32_t> before_;  // By pair: the one before with the same hash.
  size_t source_ = 0;             // What is proposed begins here.
  size_t length_ = 0;             // Of the common run, up to kLongest; 0: no proposal.
  std::array<float, kLongest - kShortest + 1> likelihoods_;  // By length.
};

}  // namespace bitnet

// Chooses the next token from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/generation.h"
#include "engine/sampling/token_counts.h"

namespace bitnet {

// What one choice depends on beside the logits.
struct SamplingContext {
  const SamplingParams& params;
  std::span<const TokenCount> counts;  // Of the sequence so far; may be empty when nothing is penalised.
  std::span<const int32_t> masked;     // Tokens that may not be chosen.
  uint64_t position;                   // Of the token to be chosen, counted from the prompt's start.
  // One bit for each token that may be chosen, at least one; empty: all may.
  std::span<const uint64_t> allowed = {};
};

// Whether `params` needs SamplingContext::counts.
bool UsesPenalties(const SamplingParams& params);

// Tokens rank by falling logit, ties by rising id. In the order of SamplingParams' fields: penalties change
// logits; temperature 0 takes the first; otherwise top-k keeps the first k, top-p the shortest run of first
// ones whose probabilities, among those kept, add up to p, min-p those at least min_p times as likely as the
// first. UniformDraw(seed, position) then picks one by its probability, walking them by rank if top-k or
// top-p ranked them and by id if not. All of it is done in double precision with functions of our own and in
// a fixed order, so every platform chooses the same. NaN counts as the lowest logit. Allocates only when
// made; one thread at a time.
class Sampler {
 public:
  explicit Sampler(size_t vocab_size) : candidates_(vocab_size) {}

  // `logits` has the vocabulary's size.
  int32_t Sample(std::span<const float> logits, const SamplingContext& context);

 private:
  struct Candidate {
    double weight;  // exp((logit - highest) / temperature)
    float logit;
    int32_t id;
  };
  // By rank: a total order, so partial sorting gives the same from every standard library.
  static bool Before(const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }

  // The candidates, by rising id.
  void Fill(std::span<const float> logits, const SamplingContext& context);
  void FillAllowed(std::span<const float> logits, std::span<const uint64_t> allowed);
  Candidate* Find(int32_t id);  // Null if it is none. Before anything is sorted.
  const Candidate& First() const;
  void KeepTopK(int top_k);
  void ComputeWeights(float temperature);
  void KeepTopP(double top_p);
  void KeepMinP(double min_p);
  int32_t Draw(double uniform) const;

  // Sorts until the first n candidates are in rank order.
  void SortFirst(size_t n);

  std::vector<Candidate> candidates_;
  size_t kept_ = 0;    // Candidates in use, from the front.
  size_t sorted_ = 0;  // Of these, the first in rank order; the others rank after them, in no order.
};

// The token that ranks first.
int32_t ArgMax(std::span<const float> logits);

}  // namespace bitnet

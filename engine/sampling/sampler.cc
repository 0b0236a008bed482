#include "engine/sampling/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/sampling/philox.h"
#include "kernels/math/math.h"

namespace bitnet {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr float kHighest = std::numeric_limits<float>::max();
constexpr float kMasked = -std::numeric_limits<float>::infinity();  // Below every logit.

// NaN and infinities become the ends of the finite range.
float Finite(float logit) { return logit >= kLowest ? std::min(logit, kHighest) : kLowest; }

float Penalized(float logit, int32_t in_output, const SamplingParams& params) {
  logit = logit > 0 ? logit / params.repetition_penalty : logit * params.repetition_penalty;
  if (in_output > 0) {
    logit -= params.presence_penalty;
    logit -= params.frequency_penalty * static_cast<float>(in_output);
  }
  return Finite(logit);
}

}  // namespace

bool UsesPenalties(const SamplingParams& params) {
  return params.repetition_penalty != 1 || params.presence_penalty != 0 || params.frequency_penalty != 0;
}

int32_t ArgMax(std::span<const float> logits) {
  size_t best = 0;
  for (size_t id = 1; id < logits.size(); ++id) {
    if (Finite(logits[id]) > Finite(logits[best])) {
      best = id;
    }
  }
  return static_cast<int32_t>(best);
}

int32_t Sampler::Sample(std::span<const float> logits, const SamplingContext& context) {
  const SamplingParams& params = context.params;
  if (params.temperature == 0 && !UsesPenalties(params) && context.masked.empty() &&
      context.allowed.empty()) {
    return ArgMax(logits);
  }
  Fill(logits, context);
  if (params.temperature == 0) {
    return First().id;
  }
  KeepTopK(params.top_k);
  ComputeWeights(params.temperature);
  KeepTopP(params.top_p);
  KeepMinP(params.min_p);
  return Draw(UniformDraw(params.seed, context.position));
}

void Sampler::Fill(std::span<const float> logits, const SamplingContext& context) {
  sorted_ = 0;
  if (context.allowed.empty()) {
    kept_ = logits.size();
    for (size_t id = 0; id < kept_; ++id) {
      candidates_[id] = {0, Finite(logits[id]), static_cast<int32_t>(id)};
    }
  } else {
    FillAllowed(logits, context.allowed);
  }
  if (UsesPenalties(context.params)) {
    for (const TokenCount& count : context.counts) {
      if (Candidate* candidate = Find(count.id)) {
        candidate->logit = Penalized(candidate->logit, count.in_output, context.params);
      }
    }
  }
  for (int32_t id : context.masked) {
    if (Candidate* candidate = Find(id)) {
      candidate->logit = kMasked;
    }
  }
}

// Tokens that are not candidates and tokens of logit -infinity make no difference to what is chosen.
void Sampler::FillAllowed(std::span<const float> logits, std::span<const uint64_t> allowed) {
  kept_ = 0;
  for (size_t word = 0; word < allowed.size(); ++word) {
    for (uint64_t bits = allowed[word]; bits != 0; bits &= bits - 1) {
      const size_t id = 64 * word + std::countr_zero(bits);
      candidates_[kept_++] = {0, Finite(logits[id]), static_cast<int32_t>(id)};
    }
  }
}

Sampler::Candidate* Sampler::Find(int32_t id) {
  if (kept_ == candidates_.size()) {
    return &candidates_[id];  // All are there.
  }
  const auto end = candidates_.begin() + kept_;
  const auto at = std::ranges::lower_bound(candidates_.begin(), end, id, {}, &Candidate::id);
  return at != end && at->id == id ? &*at : nullptr;
}

const Sampler::Candidate& Sampler::First() const {
  return *std::min_element(candidates_.begin(), candidates_.begin() + kept_, Before);
}

void Sampler::SortFirst(size_t n) {
  if (n > sorted_) {
    const auto begin = candidates_.begin();
    std::partial_sort(begin + sorted_, begin + n, begin + kept_, Before);
    sorted_ = n;
  }
}

void Sampler::KeepTopK(int top_k) {
  if (top_k > 0 && static_cast<size_t>(top_k) < kept_) {
    SortFirst(top_k);
    kept_ = top_k;
  }
}

void Sampler::ComputeWeights(float temperature) {
  const double highest = First().logit;
  for (size_t i = 0; i < kept_; ++i) {
    Candidate& candidate = candidates_[i];
    candidate.weight =
        candidate.logit == kMasked ? 0 : Exp((candidate.logit - highest) / static_cast<double>(temperature));
  }
}

void Sampler::KeepTopP(double top_p) {
  if (top_p >= 1) {
    return;
  }
  double total = 0;
  for (size_t i = 0; i < kept_; ++i) {
    total += candidates_[i].weight;
  }
  double sum = 0;
  for (size_t i = 0; i < kept_; ++i) {
    if (i == sorted_) {
      SortFirst(std::min(kept_, std::max<size_t>(64, 8 * sorted_)));  // Few are enough, nearly always.
    }
    sum += candidates_[i].weight;
    if (sum >= top_p * total) {
      kept_ = i + 1;
    }
  }
  sorted_ = std::min(sorted_, kept_);
}

void Sampler::KeepMinP(double min_p) {
  if (min_p <= 0) {
    return;
  }
  const auto begin = candidates_.begin();
  const auto end = std::remove_if(begin, begin + kept_, [=](const Candidate& candidate) {
    return candidate.weight < min_p;  // The first one's weight is 1.
  });
  kept_ = end - begin;
  sorted_ = std::min(sorted_, kept_);
}

int32_t Sampler::Draw(double uniform) const {
  double total = 0;
  for (size_t i = 0; i < kept_; ++i) {
    total += candidates_[i].weight;
  }
  const double target = uniform * total;
  int32_t drawn = First().id;  // Should rounding carry the target past the last sum.
  double sum = 0;
  for (size_t i = 0; i < kept_; ++i) {
    sum += candidates_[i].weight;
    if (sum > target) {
      return candidates_[i].id;
    }
  }
  return drawn;
}

}  // namespace bitnet

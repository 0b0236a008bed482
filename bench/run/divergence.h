// How the predictions of two models differ, token by token.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bitnet {

// Natural logarithms of the probabilities that logits stand for, in double precision.
std::vector<double> LogProbabilities(std::span<const float> logits);

// Sum over p * (log p - log q) of two distributions given by their logarithms: what is lost by predicting q
// where p is right, in nats.
double KlDivergence(std::span<const double> log_p, std::span<const double> log_q);

// Means over scored tokens, as they come.
class Divergence {
 public:
  // Logits before the token `id`, of the measured model and, if there is one, of the reference.
  void Add(std::span<const float> logits, std::span<const float> reference, int32_t id);

  uint64_t tokens() const { return tokens_; }
  double perplexity() const;            // e to the mean negative log-probability.
  double reference_perplexity() const;  // The same of the reference.
  double mean_kl() const;               // KL(reference || model) per token.
  double same_top() const;              // Share of tokens that both find likeliest.

 private:
  uint64_t tokens_ = 0;
  double log_probability_ = 0;
  double reference_log_probability_ = 0;
  double kl_ = 0;
  uint64_t same_ = 0;
};

}  // namespace bitnet

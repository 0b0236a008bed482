#include "bench/run/divergence.h"

#include <algorithm>
#include <cmath>

namespace bitnet {

std::vector<double> LogProbabilities(std::span<const float> logits) {
  const double max = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(logit - max);
  }
  const double shift = max + std::log(sum);
  std::vector<double> log_p(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    log_p[i] = logits[i] - shift;
  }
  return log_p;
}

double KlDivergence(std::span<const double> log_p, std::span<const double> log_q) {
  double sum = 0;
  for (size_t i = 0; i < log_p.size(); ++i) {
    sum += std::exp(log_p[i]) * (log_p[i] - log_q[i]);
  }
  return sum;
}

void Divergence::Add(std::span<const float> logits, std::span<const float> reference, int32_t id) {
  const std::vector<double> log_q = LogProbabilities(logits);
  ++tokens_;
  log_probability_ += log_q[id];
  if (reference.empty()) return;
  const std::vector<double> log_p = LogProbabilities(reference);
  reference_log_probability_ += log_p[id];
  kl_ += KlDivergence(log_p, log_q);
  const auto top = [](std::span<const float> l) { return std::ranges::max_element(l) - l.begin(); };
  same_ += top(logits) == top(reference) ? 1 : 0;
}

double Divergence::perplexity() const { return std::exp(-log_probability_ / static_cast<double>(tokens_)); }
double Divergence::reference_perplexity() const {
  return std::exp(-reference_log_probability_ / static_cast<double>(tokens_));
}
double Divergence::mean_kl() const { return kl_ / static_cast<double>(tokens_); }
double Divergence::same_top() const { return static_cast<double>(same_) / static_cast<double>(tokens_); }

}  // namespace bitnet

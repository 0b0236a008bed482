#include "engine/transformer/screened_head.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/transformer/matrix_product.h"

namespace bitnet {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr size_t kRowsOfAChunk = 1024;  // Candidates may all be neighbours.
constexpr double kUnit = 0x1p-24;       // Of float's rounding.

// Keeps the `n` highest values offered, with the lowest of them in front.
void Offer(float value, size_t n, std::vector<float>& highest) {
  if (highest.size() < n) {
    highest.push_back(value);
    std::push_heap(highest.begin(), highest.end(), std::greater());
  } else if (value > highest.front()) {
    std::pop_heap(highest.begin(), highest.end(), std::greater());
    highest.back() = value;
    std::push_heap(highest.begin(), highest.end(), std::greater());
  }
}

}  // namespace

ScreenedHead::ScreenedHead(const Matrix& head, const HeadScreen& screen, FloatGemm* float_gemm,
                           ThreadPool* pool)
    : head_(head),
      screen_(screen),
      float_gemm_(float_gemm),
      pool_(pool),
      highest_(screen.present() ? pool->num_threads() : 0) {
  for (std::vector<float>& highest : highest_) {
    highest.reserve(kMostNeeded);
  }
  all_highest_.reserve(kMostNeeded);
}

void ScreenedHead::Refine(const float* x, const LinearInput& input, size_t b, size_t needed,
                          std::span<float> logits) {
  assert(needed <= kMostNeeded && logits.size() == head_.rows);
  const Slack slack = SlackOf(x, input, b);
  const float threshold = Threshold(logits, slack, needed);
  const FloatType type = FloatTypeOf(head_.layout);
  const size_t row_bytes = head_.k * FloatTypeBytes(type);
  pool_->ParallelForChunks(logits.size(), kRowsOfAChunk, [&](size_t begin, size_t end) {
    uint64_t rows_read = 0;
    for (size_t r = begin; r < end; ++r) {
      // What is no number is not below anything.
      if (logits[r] + Distance(slack, r) < threshold) {
        logits[r] = kLowest;
        continue;
      }
      ++rows_read;
      float_gemm_({.rows = 1,
                   .k = head_.k,
                   .batch = 1,
                   .w = head_.codes + r * row_bytes,
                   .x = x,
                   .x_stride = head_.k,
                   .y = &logits[r],
                   .y_stride = 1,
                   .type = type});
    }
    rows_read_.fetch_add(rows_read, std::memory_order_relaxed);
  });
  ++positions_;
}

// With u = 2^-24, w a row, c its copy, x' the rounded x and d = x - x':
//   |w x - c x'|         <= |w - c| |x| + |c| |d|
//   head's own rounding  <= g |w| |x|, g = (k / 16 + 5) u, as a lane takes k / 16 products and four additions
//                           fold the lanes; and |w| <= |w - c| + |c|
//   the copy's rounding  <= 4 u |c| |x'|: the sum is exact, its conversion and two products are not
// What rounding takes from the bound itself, and from the sums with it, is below 8 u of |c| |x'| and of the
// bound.
ScreenedHead::Slack ScreenedHead::SlackOf(const float* x, const LinearInput& input, size_t b) const {
  const int8_t* q = input.int8() + b * input.int8_stride();
  const double step = 1 / input.scale(b);
  double squares = 0;
  double rounding = 0;
  for (size_t i = 0; i < head_.k; ++i) {
    const double difference = x[i] - q[i] * step;
    squares += static_cast<double>(x[i]) * x[i];
    rounding += difference * difference;
  }
  const double length = std::sqrt(squares);
  const double lost = std::sqrt(rounding);
  const double g = (static_cast<double>(head_.k) / 16 + 5) * kUnit;
  constexpr double kUpwards = 1 + 32 * kUnit;
  return {.error = static_cast<float>(kUpwards * (1 + g) * length),
          .norm = static_cast<float>(kUpwards * (lost + g * length + 12 * kUnit * (length + lost)))};
}

float ScreenedHead::Threshold(std::span<const float> logits, Slack slack, size_t needed) {
  const size_t num_threads = highest_.size();
  pool_->RunOnAll([&](int thread) {
    std::vector<float>& highest = highest_[thread];
    highest.clear();
    const size_t end = logits.size() * (thread + 1) / num_threads;
    for (size_t r = logits.size() * thread / num_threads; r < end; ++r) {
      Offer(logits[r] - Distance(slack, r), needed, highest);
    }
  });
  all_highest_.clear();
  for (const std::vector<float>& highest : highest_) {
    for (const float bound : highest) {
      Offer(bound, needed, all_highest_);
    }
  }
  return all_highest_.size() < needed ? kLowest : all_highest_.front();
}

}  // namespace bitnet

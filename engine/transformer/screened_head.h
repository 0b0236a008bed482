// The highest logits of a large output head, exactly, without reading most of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/threads/thread_pool.h"
#include "engine/transformer/linear_input.h"
#include "engine/weights/head_screen.h"
#include "engine/weights/matrix.h"
#include "kernels/float_gemm/float_gemm.h"

namespace bitnet {

// How much of the head was read.
struct ScreeningStats {
  uint64_t positions = 0;  // Whose logits were screened.
  uint64_t rows = 0;       // Of the head itself, for all of them.
};

// Products with the head's copy (HeadScreen) bound each logit from both sides. As many lower bounds as logits
// are needed lie at or above some threshold; a logit whose upper bound is below it is not among those needed,
// ties included. The rows of the others are read and multiplied as the full head would, to the same bits.
class ScreenedHead {
 public:
  // Of more logits than this the full head is wanted: top-k up to 64, and tokens that are masked.
  static constexpr size_t kMostNeeded = 128;

  // `head` holds floats. All are borrowed and outlive this.
  ScreenedHead(const Matrix& head, const HeadScreen& screen, FloatGemm* float_gemm, ThreadPool* pool);

  // `logits` [rows] are the copy's products with row `b` of `input`, which was made of x [k]. The highest
  // `needed`, up to kMostNeeded, become the head's products, and so do others that might have been among
  // them; the rest becomes -infinity.
  void Refine(const float* x, const LinearInput& input, size_t b, size_t needed, std::span<float> logits);

  ScreeningStats stats() const { return {positions_, rows_read_.load(std::memory_order_relaxed)}; }

 private:
  // What a logit's distance from the copy's depends on beside its row.
  struct Slack {
    float error;
    float norm;
  };
  // At most that distance.
  float Distance(Slack slack, size_t r) const {
    return slack.error * screen_.errors[r] + slack.norm * screen_.norms[r];
  }
  Slack SlackOf(const float* x, const LinearInput& input, size_t b) const;
  float Threshold(std::span<const float> logits, Slack slack, size_t needed);

  const Matrix& head_;
  const HeadScreen& screen_;
  FloatGemm* const float_gemm_;
  ThreadPool* const pool_;
  std::vector<std::vector<float>> highest_;  // By thread: lower bounds, a heap with the lowest first.
  std::vector<float> all_highest_;
  uint64_t positions_ = 0;
  std::atomic<uint64_t> rows_read_ = 0;
};

}  // namespace bitnet

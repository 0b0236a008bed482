// A smaller copy of an output head, and how far its rows are from the head's own.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/matrix.h"

namespace bitnet {

// With it most rows can be told to be of no interest without being read: |w x - copy x'| is at most
// error |x| + norm |x - x'|, where x' is x rounded to int8 (Cauchy and Schwarz).
struct HeadScreen {
  Matrix copy;                  // Of kInt6; without rows where there is no screen.
  AlignedBuffer<float> errors;  // [rows] Euclidean norms of the differences of rows, rounded up.
  AlignedBuffer<float> norms;   // [rows] Euclidean norms of the copy's rows, rounded up.

  bool present() const { return copy.rows > 0; }
};

// `head` holds floats of any kind, `copy` is of the same shape and kInt6; neither has a scale of the whole
// matrix. DATA_LOSS: a row holds what is
// no number.
absl::StatusOr<HeadScreen> MeasureScreen(const Matrix& head, const Matrix& copy, ThreadPool& pool);

}  // namespace bitnet

// How a tensor of a model file becomes a Matrix: where it lies, or what it is packed into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/head_format.h"
#include "engine/weights/matrix.h"

namespace bitnet {

struct WeightOptions {
  HeadFormat head = HeadFormat::kAuto;
  I2sLayout i2s_layout = I2sLayout::k128x32;
  // Every matrix as float32, multiplied with unrounded activations: to measure what int8 activations cost.
  // Takes 4 bytes a weight.
  bool float_activations = false;
  // Copies of feed-forward matrices that few tokens need not read whole (sparse_weights.h).
  bool sparsity = false;
};

// Made for one tensor by PlanMatrix, carried out by LoadMatrix.
class MatrixPlan {
 public:
  // Memory that LoadMatrix needs, 0 if the matrix stays in the file.
  uint64_t bytes() const { return bytes_; }
  // What the matrix will be, without its pointers.
  const Matrix& matrix() const { return matrix_; }

 private:
  friend class MatrixPlanner;
  friend absl::StatusOr<Matrix> LoadMatrix(const MatrixPlan& plan, uint8_t* memory, ThreadPool& pool);

  const ModelTensor* tensor_ = nullptr;
  std::string name_;                           // "model.gguf: tensor blk.0.attn_q.weight", for messages.
  Matrix matrix_;                              // Whole if it stays in the file; else without its pointers.
  GgmlType packed_ = GgmlType::kF32;           // What it is packed into; kF16, kF32: decoded to that.
  std::shared_ptr<const RowDecoder> decoder_;  // Null if it stays in the file.
  uint64_t bytes_ = 0;
};

// Decides about the tensors of one file. All references outlive this and its plans.
class MatrixPlanner {
 public:
  MatrixPlanner(const ModelFile& file, const ModelConfig& config, const WeightOptions& options,
                ThreadPool& pool)
      : file_(file), config_(config), options_(options), pool_(pool) {}

  // The tensor `name`, [rows, k]. DATA_LOSS: it is missing, has another shape or size, or holds what is no
  // weight; UNIMPLEMENTED: its type is not read, or cannot be multiplied with the activations of the model.
  // All name it.
  absl::StatusOr<MatrixPlan> Plan(const std::string& name, uint64_t rows, uint64_t k) const;
  // The same of the output head, in this format.
  absl::StatusOr<MatrixPlan> PlanHead(const std::string& name, uint64_t rows, uint64_t k,
                                      HeadFormat format) const;

 private:
  absl::Status PlanFloats(const RowDecoder& decoder, MatrixPlan& plan) const;
  absl::Status PlanCodes(const RowDecoder& decoder, MatrixPlan& plan) const;
  absl::Status StayInFile(MatrixLayout layout, MatrixPlan& plan) const;
  absl::Status PlanPacked(MatrixPlan& plan) const;
  absl::Status ApplyScaleTensor(const std::string& name, MatrixPlan& plan) const;
  absl::StatusOr<ActivationFormat> SignActivations(const MatrixPlan& plan) const;

  const ModelFile& file_;
  const ModelConfig& config_;
  const WeightOptions& options_;
  ThreadPool& pool_;
};

// Packs into `memory`, plan.bytes() long and aligned to 64 bytes; the result points into it or into the file.
absl::StatusOr<Matrix> LoadMatrix(const MatrixPlan& plan, uint8_t* memory, ThreadPool& pool);

}  // namespace bitnet

#include "engine/metal/gpu_support.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/metal/arguments.h"

namespace bitnet {
namespace {

absl::Status Unsupported(const std::string& name, const char* what) {
  return absl::UnimplementedError(absl::StrCat("Metal: ", name, " ", what, ": there is no kernel for it"));
}

bool IsAligned(const uint8_t* data) { return reinterpret_cast<uintptr_t>(data) % 4 == 0; }

// Of layers and heads.
absl::Status CheckMatrix(const Matrix& matrix, const std::string& name) {
  switch (matrix.layout) {
    case MatrixLayout::kTernary2Bit:
    case MatrixLayout::kTernaryBase3:
      if (matrix.activations != ActivationFormat::kInt8Token) {
        return Unsupported(name, "does not take int8 per token");
      }
      if (matrix.k > gpu::kMaxK) return Unsupported(name, "has rows too long for exact sums of floats");
      break;
    case MatrixLayout::kGrouped1Bit:
    case MatrixLayout::kGrouped2Bit:
      // Codes reach 3, that of the weight +2.
      if (matrix.group > gpu::kMaxK / 2)
        return Unsupported(name, "has groups too long for exact sums of floats");
      break;
    case MatrixLayout::kSign:
      break;
    default:
      return Unsupported(name, "is neither ternary nor of 1 or 2 bits");
  }
  if (!IsAligned(matrix.codes)) return Unsupported(name, "is not aligned to 4 bytes");
  return absl::OkStatus();
}

absl::Status CheckLinear(const Linear& linear, const std::string& name) {
  if (!linear.input_norm.empty()) return Unsupported(name, "has a norm of its own");
  if (linear.hadamard_block != 0) return Unsupported(name, "has a Hadamard transform");
  return CheckMatrix(linear.matrix, name);
}

absl::Status CheckHead(const Matrix& head) {
  switch (head.layout) {
    case MatrixLayout::kFloat16:
    case MatrixLayout::kBFloat16:
    case MatrixLayout::kFloat32:
    case MatrixLayout::kInt6:
      return absl::OkStatus();
    default:
      return CheckMatrix(head, "the output head");
  }
}

}  // namespace

absl::Status CheckGpuSupport(const ModelWeights& weights) {
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    const LayerWeights& layer = weights.layers[i];
    const struct {
      const Linear* linear;
      const char* name;
    } linears[] = {{&layer.query, "query"}, {&layer.key, "key"},
                   {&layer.value, "value"}, {&layer.attn_output, "attention output"},
                   {&layer.gate, "gate"},   {&layer.up, "up"},
                   {&layer.down, "down"}};
    for (const auto& [linear, name] : linears) {
      RETURN_IF_ERROR(CheckLinear(*linear, absl::StrCat(name, " of layer ", i)));
    }
  }
  return CheckHead(weights.head);
}

}  // namespace bitnet

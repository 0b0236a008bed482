#include "engine/convert/encode_tensor.h"

#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/packed_format.h"

namespace bitnet {
namespace {

absl::Status InTensor(const std::string& name, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrFormat("tensor %s %s", QuoteName(name), status.message()));
}

absl::Status Pack(const RowDecoder& source, const TensorPlan& plan, ThreadPool& pool,
                  std::vector<uint8_t>& memory) {
  if (absl::Status status = CheckPackable(source, plan.to, plan.group); !status.ok()) {
    return InTensor(plan.name, status);
  }
  float scale = 1;
  if (plan.group == 0) {
    ASSIGN_OR_RETURN(const UniformScale found, FindUniformScale(source, pool));
    scale = found.scale;
  }
  memory.assign(plan.bytes, 0);
  if (absl::Status status = PackMatrix(source, plan.to, plan.group, scale, pool, memory); !status.ok()) {
    return InTensor(plan.name, status);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EncodedTensor> EncodeInParallel(const RowDecoder& source, GgmlType to, std::string_view name,
                                               ThreadPool& pool) {
  ASSIGN_OR_RETURN(const RowEncoder encoder, RowEncoder::Create(source, to, name));
  EncodedTensor out;
  out.bytes.resize(encoder.bytes());
  absl::Status first_error;
  std::mutex mutex;  // Guards `first_error` and out.error, once per thread.
  pool.ParallelFor(source.rows(), [&](size_t begin, size_t end) {
    EncodeError error;
    const absl::Status status = encoder.EncodeRows(begin, end, out.bytes, error);
    const std::lock_guard lock(mutex);
    first_error.Update(status);
    out.error.Add(error);
  });
  RETURN_IF_ERROR(first_error);
  encoder.Finish(out.bytes);
  return out;
}

absl::StatusOr<std::span<const uint8_t>> ConvertTensor(const ModelTensor& tensor, const TensorPlan& plan,
                                                       I2sLayout i2s, ThreadPool& pool,
                                                       std::vector<uint8_t>& memory) {
  if (plan.copy) {
    return tensor.data;
  }
  ASSIGN_OR_RETURN(const RowDecoder source, RowDecoder::Create(tensor, i2s));
  if (!plan.packed) {
    ASSIGN_OR_RETURN(EncodedTensor encoded, EncodeInParallel(source, plan.to, plan.name, pool));
    memory = std::move(encoded.bytes);
    return memory;
  }
  if (plan.via == GgmlType::kF32) {
    RETURN_IF_ERROR(Pack(source, plan, pool, memory));
    return memory;
  }
  ASSIGN_OR_RETURN(const EncodedTensor codes, EncodeInParallel(source, plan.via, plan.name, pool));
  const ModelTensor coded = {.name = tensor.name, .type = plan.via, .dims = tensor.dims, .data = codes.bytes};
  ASSIGN_OR_RETURN(const RowDecoder decoder, RowDecoder::Create(coded));
  RETURN_IF_ERROR(Pack(decoder, plan, pool, memory));
  return memory;
}

}  // namespace bitnet

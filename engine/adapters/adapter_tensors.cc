#include "engine/adapters/adapter_tensors.h"

#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/formats/row_decoder.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

struct Halves {
  const AdapterTensor* a = nullptr;
  const AdapterTensor* b = nullptr;

  bool empty() const { return a == nullptr && b == nullptr; }
  size_t rank() const { return b->tensor.dims[0]; }
};

std::string Quoted(const AdapterTensor& tensor) { return QuoteName(tensor.tensor.name); }

absl::Status CheckLayer(const AdapterTensor& tensor, const ModelConfig& config) {
  if (tensor.layer >= config.num_layers) {
    return absl::DataLossError(absl::StrFormat("tensor %s is of layer %d; the model has layers 0 to %d",
                                               Quoted(tensor), tensor.layer, config.num_layers - 1));
  }
  return absl::OkStatus();
}

// The side of the half that meets the model, and the rank.
absl::Status CheckDims(const AdapterTensor& tensor, const ModelConfig& config) {
  const ProjectionShape shape = ShapeOf(tensor.kind, config);
  const std::vector<uint64_t>& dims = tensor.tensor.dims;
  const bool is_a = tensor.half == AdapterTensor::kA;
  if (dims.size() != 2) {
    return absl::DataLossError(
        absl::StrFormat("tensor %s has %d dimensions; 2 were wanted", Quoted(tensor), dims.size()));
  }
  const uint64_t outer = is_a ? dims[0] : dims[1];
  const uint64_t wanted = is_a ? shape.k : shape.rows;
  if (outer != wanted) {
    return absl::DataLossError(absl::StrFormat("tensor %s %s %d values; those of this model %s %d",
                                               Quoted(tensor), is_a ? "takes" : "gives", outer,
                                               is_a ? "take" : "give", wanted));
  }
  const uint64_t rank = is_a ? dims[1] : dims[0];
  if (rank == 0 || rank > kMaxAdapterRank) {
    return absl::DataLossError(
        absl::StrFormat("tensor %s has rank %d; 1 to %d are wanted", Quoted(tensor), rank, kMaxAdapterRank));
  }
  return absl::OkStatus();
}

// Every tensor checked against the model, and none twice.
absl::StatusOr<std::vector<Halves>> Collect(const ModelConfig& config,
                                            const std::vector<AdapterTensor>& tensors) {
  std::vector<Halves> pairs(config.num_layers * kNumProjectionKinds);
  for (const AdapterTensor& tensor : tensors) {
    RETURN_IF_ERROR(CheckLayer(tensor, config));
    RETURN_IF_ERROR(CheckDims(tensor, config));
    Halves& pair = pairs[tensor.layer * kNumProjectionKinds + static_cast<size_t>(tensor.kind)];
    const AdapterTensor*& half = tensor.half == AdapterTensor::kA ? pair.a : pair.b;
    if (half != nullptr) {
      return absl::DataLossError(
          absl::StrFormat("tensors %s and %s are of the same matrix", Quoted(*half), Quoted(tensor)));
    }
    half = &tensor;
  }
  return pairs;
}

absl::Status CheckHalves(const Halves& pair) {
  if (pair.a == nullptr || pair.b == nullptr) {
    return absl::DataLossError(absl::StrFormat("tensor %s has no %s beside it",
                                               Quoted(pair.a == nullptr ? *pair.b : *pair.a),
                                               pair.a == nullptr ? "A" : "B"));
  }
  if (pair.a->tensor.dims[1] != pair.rank()) {
    return absl::DataLossError(absl::StrFormat("tensor %s has rank %d, but %s has rank %d", Quoted(*pair.a),
                                               pair.a->tensor.dims[1], Quoted(*pair.b), pair.rank()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> Decode(const AdapterTensor& tensor) {
  ASSIGN_OR_RETURN(const RowDecoder decoder, RowDecoder::Create(tensor.tensor));
  std::vector<float> values(decoder.rows() * decoder.k());
  for (size_t row = 0; row < decoder.rows(); ++row) {
    if (!decoder.Floats(row, values.data() + row * decoder.k())) {
      return absl::DataLossError(
          absl::StrFormat("tensor %s has a value in row %d that is not finite", Quoted(tensor), row));
    }
  }
  return values;
}

absl::StatusOr<LowRankPair> MakePair(const Halves& halves, const AdapterScale& scale) {
  LowRankPair pair;
  pair.rank = halves.rank();
  ASSIGN_OR_RETURN(const double factor, scale(*halves.b, pair.rank));
  pair.scale = static_cast<float>(factor);
  if (!std::isfinite(pair.scale)) {
    return absl::DataLossError(
        absl::StrFormat("tensor %s has the scale %g, which is not finite", Quoted(*halves.b), factor));
  }
  ASSIGN_OR_RETURN(pair.a, Decode(*halves.a));
  ASSIGN_OR_RETURN(pair.b, Decode(*halves.b));
  return pair;
}

absl::StatusOr<std::unique_ptr<Adapter>> Assemble(const ModelConfig& config,
                                                  const std::vector<AdapterTensor>& tensors,
                                                  const AdapterScale& scale, size_t max_bytes) {
  if (tensors.empty()) {
    return absl::DataLossError("has no tensors of an adapter");
  }
  ASSIGN_OR_RETURN(const std::vector<Halves> pairs, Collect(config, tensors));
  size_t floats = 0;  // Sides of a model and ranks are small: their products do not overflow.
  for (const Halves& halves : pairs) {
    if (!halves.empty()) {
      RETURN_IF_ERROR(CheckHalves(halves));
      floats += halves.a->tensor.num_elements() + halves.b->tensor.num_elements();
    }
  }
  if (floats > max_bytes / sizeof(float)) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("takes %d bytes in memory; there is room for %d", floats * sizeof(float), max_bytes));
  }
  auto adapter = std::make_unique<Adapter>(config.num_layers);
  for (const Halves& halves : pairs) {
    if (!halves.empty()) {
      ASSIGN_OR_RETURN(LowRankPair pair, MakePair(halves, scale));
      adapter->Set(halves.b->layer, halves.b->kind, std::move(pair));
    }
  }
  return adapter;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Adapter>> AssembleAdapter(const std::string& path, const ModelConfig& config,
                                                         const std::vector<AdapterTensor>& tensors,
                                                         const AdapterScale& scale, size_t max_bytes) {
  absl::StatusOr<std::unique_ptr<Adapter>> adapter = Assemble(config, tensors, scale, max_bytes);
  if (!adapter.ok()) {
    const absl::Status& status = adapter.status();
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  return adapter;
}

}  // namespace bitnet

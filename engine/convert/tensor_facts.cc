#include "engine/convert/tensor_facts.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"
#include "engine/weights/packed_format.h"

namespace bitnet {
namespace {

// What floats can be told to share a scale by: the shortest group of any type.
constexpr size_t kPiece = 32;
constexpr float kSeveral = -1;

// The magnitude that all weights but zeros have: 0 if there are only zeros, kSeveral if there are more.
float OneMagnitude(const float* weights, size_t count, bool& has_zeros) {
  float magnitude = 0;
  for (size_t i = 0; i < count; ++i) {
    const float m = std::fabs(weights[i]);
    has_zeros |= m == 0;
    if (m != 0 && magnitude != 0 && m != magnitude) {
      return kSeveral;
    }
    magnitude = std::max(magnitude, m);
  }
  return magnitude;
}

// The magnitude of two neighbours together.
float Merge(float a, float b) { return a == 0 || a == b ? b : b == 0 ? a : kSeveral; }

// What the rows of a float matrix have in common.
struct Structure {
  size_t group = std::numeric_limits<size_t>::max();  // 0: no codes.
  float scale = 0;                                    // Of all; kSeveral.
  bool has_zeros = false;

  // A row as pieces of kPiece, whose magnitudes are given. Groups double as long as they hold.
  void AddRow(std::vector<float> pieces) {
    size_t length = kPiece;
    float all = 0;
    for (const float piece : pieces) {
      if (piece == kSeveral) {
        group = 0;
        return;
      }
      all = Merge(all, piece);
    }
    const size_t k = pieces.size() * kPiece;
    scale = Merge(scale, all);
    if (all != kSeveral) {
      group = std::min(group, k);
      return;
    }
    while (pieces.size() % 2 == 0) {
      std::vector<float> halves(pieces.size() / 2);
      for (size_t i = 0; i < halves.size(); ++i) {
        halves[i] = Merge(pieces[2 * i], pieces[2 * i + 1]);
      }
      if (std::ranges::count(halves, kSeveral) != 0) {
        break;
      }
      pieces = std::move(halves);
      length *= 2;
    }
    group = std::min(group, length);
  }
  void Add(const Structure& other) {
    group = std::min(group, other.group);
    scale = Merge(scale, other.scale);
    has_zeros |= other.has_zeros;
  }
};

absl::Status NotFinite(const ModelTensor& tensor) {
  return absl::DataLossError(absl::StrCat("tensor ", QuoteName(tensor.name),
                                          " holds a value that is not finite or stands for nothing"));
}

absl::Status FindStructure(const ModelTensor& tensor, const RowDecoder& decoder, ThreadPool& pool,
                           TensorFacts& facts) {
  if (facts.k % kPiece != 0) {
    return absl::OkStatus();
  }
  Structure structure;
  std::mutex mutex;  // Guards `structure`, once per thread.
  std::atomic<bool> finite = true;
  std::atomic<bool> no_codes = false;
  pool.ParallelFor(facts.rows, [&](size_t begin, size_t end) {
    std::vector<float> row(facts.k);
    std::vector<float> pieces(facts.k / kPiece);
    Structure mine;
    for (size_t r = begin; r < end && !no_codes; ++r) {
      if (!decoder.Floats(r, row.data())) {
        finite = false;
        return;
      }
      for (size_t i = 0; i < pieces.size(); ++i) {
        pieces[i] = OneMagnitude(row.data() + i * kPiece, kPiece, mine.has_zeros);
        if (pieces[i] == kSeveral) {
          no_codes = true;
          return;
        }
      }
      mine.AddRow(pieces);
    }
    const std::lock_guard lock(mutex);
    structure.Add(mine);
  });
  if (!finite) {
    return NotFinite(tensor);
  }
  if (!no_codes && structure.group != 0) {
    facts.codes = structure.has_zeros ? CodeRange::kTernary : CodeRange::kBinary;
    facts.group = structure.group;
    facts.uniform = structure.scale != kSeveral;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TensorFacts> FindFacts(const ModelTensor& tensor, I2sLayout i2s, ThreadPool& pool) {
  TensorFacts facts = {.name = tensor.name,
                       .type = tensor.type,
                       .dimensions = tensor.dims.size(),
                       .rows = tensor.dims.size() > 1 ? tensor.dims[1] : 1,
                       .k = tensor.dims[0],
                       .bytes = tensor.data.size()};
  facts.embedding = tensor.name == "token_embd.weight" || tensor.name == "output.weight";
  if (tensor.dims.size() > 2) {
    return absl::UnimplementedError(absl::StrCat("tensor ", QuoteName(tensor.name), " has ",
                                                 tensor.dims.size(),
                                                 " dimensions; only 1 and 2 are converted"));
  }
  facts.as_stored = tensor.rope_heads == 0 && !tensor.quantize_absmean &&
                    tensor.type != GgmlType::kHfTernary &&
                    (tensor.type != GgmlType::kI2S || i2s == I2sLayout::k128x32);
  ASSIGN_OR_RETURN(const RowDecoder decoder, RowDecoder::Create(tensor, i2s));
  if (decoder.codes() != CodeRange::kNone) {
    facts.codes = decoder.codes();
    facts.group = decoder.group_weights();
    facts.tensor_scale = decoder.has_tensor_scale();
    absl::StatusOr<UniformScale> scale = FindUniformScale(decoder, pool);
    if (!scale.ok()) {
      return absl::Status(scale.status().code(),
                          absl::StrCat("tensor ", QuoteName(tensor.name), " ", scale.status().message()));
    }
    facts.uniform = scale->uniform;
  } else if (facts.dimensions == 2 && !facts.embedding) {
    RETURN_IF_ERROR(FindStructure(tensor, decoder, pool, facts));
  }
  return facts;
}

}  // namespace bitnet

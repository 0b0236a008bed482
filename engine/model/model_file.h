// A model as its file describes it: keys with values, and named tensors. GGUF (ggml/docs/gguf.md) is such a
// file; what other containers hold is given the names and keys that GGUF has for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/mapping.h"

namespace bitnet {

// Tensor types by their number in the file. A file with a type that is not here opens, and reading that
// tensor is an error naming it.
enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ8_0 = 8,
  kQ4K = 12,
  kQ5K = 13,
  kQ6K = 14,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kI2S = 36,  // Microsoft's ternary format: n/4 bytes of codes, then 32 bytes that begin with an f32 scale.
  kQ1_0 = 41,
  kQ2_0 = 42,    // Groups of 64. A file's 42 may mean groups of 128: its reader then says kPQ2_0.
  kIQ1BN = 134,  // ik_llama.cpp's.
  kIQ2BN = 135,  // ik_llama.cpp's.
  kPQ2_0 = 142,  // Groups of 128.
  // Our own: engine/weights/packed_format.h and, for kQ1K, kernels/sign_gemm/sign_gemm.h.
  kQ1K = 1024,
  kPacked2Bit = 1025,
  kPackedBase3 = 1026,
  kPackedGrouped1Bit = 1027,
  kPackedGrouped2Bit = 1028,
  kPackedInt6 = 1029,
  // In no GGUF file: Hugging Face's uint8 tensor of BitNet weights. Of `rows` rows, those r, r + rows/4, r +
  // rows/2 and r + 3*rows/4 share row r of the bytes, in bits 1:0, 3:2, 5:4 and 7:6, as weight + 1.
  kHfTernary = 1u << 16,
  // What files of other programs mean by numbers that ggml gives to other types (gguf_types.h); not read.
  kTL2 = (1u << 16) + 1,      // 39 in Microsoft's files, MXFP4 elsewhere.
  kQ1_0G32 = (1u << 16) + 2,  // 40 in PrismML's earliest, NVFP4 elsewhere.
};

std::string_view GgmlTypeName(GgmlType type);

struct ModelTensor {
  std::string name;
  GgmlType type;
  std::vector<uint64_t> dims;     // dims[0] is the contiguous one (`k`), dims[1] the rows.
  std::span<const uint8_t> data;  // Exactly the tensor's bytes. Valid while the ModelFile lives.

  // What other containers than GGUF need; a tensor of a GGUF file has the defaults.
  float scale = 1;                // Of kHfTernary: a weight is its code times this.
  bool quantize_absmean = false;  // Float master weights of a BitNet layer, to be made ternary by their mean.
  // Not 0: the bytes hold the rows of a query or key matrix with this many heads as Hugging Face orders them,
  // the two halves of a head one after the other, whereas a GGUF file of architecture "llama" interleaves
  // them: its row 2*i + h of a head is row h * head_dim/2 + i here.
  uint32_t rope_heads = 0;

  uint64_t num_elements() const;
};

// One key's value. Integers of every width are kept as int64/uint64, floats as double; arrays of strings
// and of numbers are kept apart because vocabularies are large.
using ModelValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<std::string>,
                                std::vector<int64_t>, std::vector<double>>;

using ModelKeys = std::map<std::string, ModelValue, std::less<>>;

enum class FileAccess {
  kMap,   // Memory-mapped read-only: pages are shared between processes and loaded when touched.
  kRead,  // Read into private memory at once.
};

// Everything is checked when the file is opened: counts against the file's size before anything is
// allocated, strings, types, duplicate keys and tensors, alignment, offsets, overlaps and sizes. DATA_LOSS
// names the key or tensor that is wrong, what was found and what was wanted; NOT_FOUND if there is no file;
// UNIMPLEMENTED if it has another version or byte order. A mapped file must not be shortened while in use.
// Immutable afterwards; safe to share between threads.
class ModelFile {
 public:
  static absl::StatusOr<std::unique_ptr<ModelFile>> Open(const std::string& path, FileAccess access);
  // Parses bytes in memory, which must outlive the result. `name` is used in messages. For tests and fuzzing:
  // tensors are as aligned as the bytes are, whereas opened files begin on a page.
  static absl::StatusOr<std::unique_ptr<ModelFile>> Parse(std::span<const uint8_t> bytes, std::string name);
  // From keys and tensors that another reader has checked; their names are unique. `storage` is what the
  // tensors point into, kept as long as the result; `path` is used in messages.
  static std::unique_ptr<ModelFile> FromParts(std::string path, ModelKeys keys,
                                              std::vector<ModelTensor> tensors, std::vector<Mapping> storage);
  ~ModelFile();

  const std::string& path() const;
  uint64_t file_bytes() const;

  // Typed look-ups. NOT_FOUND when the key is absent, DATA_LOSS when it has another type; both name the key.
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const;
  absl::StatusOr<double> GetFloat(std::string_view key) const;
  absl::StatusOr<bool> GetBool(std::string_view key) const;
  absl::StatusOr<std::string> GetString(std::string_view key) const;
  absl::StatusOr<std::span<const std::string>> GetStrings(std::string_view key) const;
  absl::StatusOr<std::span<const int64_t>> GetInts(std::string_view key) const;
  absl::StatusOr<std::span<const double>> GetFloats(std::string_view key) const;
  bool Has(std::string_view key) const;

  // The tensor called `name`; NOT_FOUND names it.
  absl::StatusOr<const ModelTensor*> GetTensor(std::string_view name) const;
  std::span<const ModelTensor> tensors() const;  // In file order.
  const ModelKeys& keys() const;

 private:
  struct Contents;
  explicit ModelFile(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace bitnet

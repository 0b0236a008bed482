// GGUF version 3: the container of model files (ggml/docs/gguf.md).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// Tensor types by their number in the file. Only these are given sizes; a file with another type opens,
// and reading that tensor is an error naming it.
enum class GgmlType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kI2S = 36,  // Microsoft's ternary format: n/4 bytes of codes, then 32 bytes that begin with an f32 scale.
};

std::string_view GgmlTypeName(GgmlType type);

struct GgufTensor {
  std::string name;
  GgmlType type;
  std::vector<uint64_t> dims;     // dims[0] is the contiguous one (`k`), dims[1] the rows.
  std::span<const uint8_t> data;  // Exactly the tensor's bytes. Valid while the GgufFile lives.
  uint64_t num_elements() const;
};

// One key's value. Integers of every width are kept as int64/uint64, floats as double; arrays of strings
// and of numbers are kept apart because vocabularies are large.
using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<std::string>,
                               std::vector<int64_t>, std::vector<double>>;

enum class FileAccess {
  kMap,   // Memory-mapped read-only: pages are shared between processes and loaded when touched.
  kRead,  // Read into private memory at once.
};

// Everything is checked when the file is opened: counts against the file's size before anything is
// allocated, strings, types, duplicate keys and tensors, alignment, offsets, overlaps and sizes. DATA_LOSS
// names the key or tensor that is wrong, what was found and what was wanted; NOT_FOUND if there is no file;
// UNIMPLEMENTED if it has another version or byte order. A mapped file must not be shortened while in use.
// Immutable afterwards; safe to share between threads.
class GgufFile {
 public:
  static absl::StatusOr<std::unique_ptr<GgufFile>> Open(const std::string& path, FileAccess access);
  // Parses bytes in memory, which must outlive the result. `name` is used in messages. For tests and fuzzing:
  // tensors are as aligned as the bytes are, whereas opened files begin on a page.
  static absl::StatusOr<std::unique_ptr<GgufFile>> Parse(std::span<const uint8_t> bytes, std::string name);
  ~GgufFile();

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
  absl::StatusOr<const GgufTensor*> GetTensor(std::string_view name) const;
  std::span<const GgufTensor> tensors() const;  // In file order.

 private:
  struct Contents;
  explicit GgufFile(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace bitnet

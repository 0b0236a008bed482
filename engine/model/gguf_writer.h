// Writes a GGUF file piece by piece, so that nobody ever sees half of one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/model/gguf_header.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct GgufWriteOptions {
  // Of each tensor's beginning. 16384, the largest page there is on the machines we run on, lets mapped
  // tensors begin on pages of their own.
  uint64_t alignment = 32;
  bool overwrite = false;  // Replace a file of that name.
};

// The file appears under its name once it is whole: until then its bytes go into one beside it, which is
// removed with this object or when something fails. Used by one thread.
class GgufFileWriter {
 public:
  // Writes everything but the tensors' data. ALREADY_EXISTS: there is a file of that name and it is to stay.
  // INVALID_ARGUMENT: as GgufHeader. Otherwise what the system says.
  static absl::StatusOr<std::unique_ptr<GgufFileWriter>> Create(const std::string& path,
                                                                const ModelKeys& keys,
                                                                std::vector<GgufTensorPlan> tensors,
                                                                const GgufWriteOptions& options = {});
  ~GgufFileWriter();
  GgufFileWriter(const GgufFileWriter&) = delete;
  GgufFileWriter& operator=(const GgufFileWriter&) = delete;

  // Appends to the data of the tensors, which come in their order, each in as many pieces as one likes. A
  // piece belongs to one tensor. INVALID_ARGUMENT: it has more bytes than the tensor has left.
  absl::Status Append(std::span<const uint8_t> piece);

  // Where the bytes are until Finish(): whole after the last piece, and ready to be read back.
  const std::string& temporary() const { return temporary_; }

  // Brings the file to the disk and gives it its name. INVALID_ARGUMENT: a tensor has bytes left.
  absl::Status Finish();

 private:
  GgufFileWriter(std::string path, std::vector<GgufTensorPlan> tensors, const GgufWriteOptions& options);
  absl::Status Open();
  absl::Status Write(std::span<const uint8_t> bytes);
  absl::Status SyncAndRename();
  absl::Status SystemError(int error, const char* what) const;
  void RemoveTemporary();

  const std::string path_;
  const std::vector<GgufTensorPlan> tensors_;
  const GgufWriteOptions options_;
  std::string temporary_;  // Empty: there is none.
  int file_ = -1;
  size_t tensor_ = 0;          // The one being written,
  uint64_t tensor_bytes_ = 0;  // and how much of it is.
};

}  // namespace bitnet

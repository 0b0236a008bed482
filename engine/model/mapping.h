// The bytes of a file, as one span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

// Page-aligned bytes that stay where they are when the Mapping is moved. NOT_FOUND: there is no such file;
// INVALID_ARGUMENT: it is a directory or a device; PERMISSION_DENIED and so on: what the system said.
class Mapping {
 public:
  // Maps the file: its pages are shared with other processes and come from disk when first touched. The file
  // must not be shortened while it is mapped: touching a page that is gone ends the process (SIGBUS).
  static absl::StatusOr<Mapping> MapFile(const std::string& path);
  // Reads the whole file into private memory. DATA_LOSS if its size changes meanwhile.
  static absl::StatusOr<Mapping> ReadFile(const std::string& path);
  // A private copy of bytes that are in no file.
  static absl::StatusOr<Mapping> CopyOf(std::span<const uint8_t> bytes);

  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  Mapping(uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t* data_;  // From mmap; null if size_ is 0.
  size_t size_;
};

}  // namespace bitnet

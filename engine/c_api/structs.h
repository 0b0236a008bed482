// Structs whose size is their caller's: older and newer programs have other fields at the end than we do.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "engine/c_api/status.h"

namespace bitnet {

// Of the caller's struct, which begins with a struct_size. INVALID_ARGUMENT: that cannot be its size, so it
// was never filled in.
absl::StatusOr<size_t> StructSize(const void* given, std::string_view type);

// Copies what both know, and leaves the rest of the `known_size` bytes as it is. UNIMPLEMENTED: beyond these
// the caller has set something.
absl::Status ReadStruct(const void* given, std::string_view type, void* known, size_t known_size);
// Copies what both know after struct_size, and sets the rest of the caller's to zero.
absl::Status WriteStruct(const void* known, size_t known_size, std::string_view type, void* given);

// What is set in `given`; all zero if it is null. `type` is the struct's name.
template <typename Options>
absl::StatusOr<Options> ReadOptions(const Options* given, std::string_view type) {
  Options options{};
  if (given != nullptr) {
    RETURN_IF_ERROR(ReadStruct(given, type, &options, sizeof(options)));
  }
  return options;
}

// An array that came as pointer and length. INVALID_ARGUMENT: it is null and not empty.
template <typename Element>
absl::StatusOr<std::span<const Element>> ReadArray(const Element* elements, size_t size,
                                                   std::string_view name) {
  if (size > 0) {
    RETURN_IF_ERROR(CheckNotNull(elements, name));
  }
  return std::span(elements, size);
}

}  // namespace bitnet

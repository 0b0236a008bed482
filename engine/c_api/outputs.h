// Results of any length, into buffers of the caller's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/c_api/status.h"

namespace bitnet {

// Sets `*length`, unless that is null, and says whether there is anything to copy: not if the length alone
// was asked for. OUT_OF_RANGE: `needed` does not fit.
inline absl::StatusOr<bool> SetLength(size_t size, size_t needed, const void* out, size_t capacity,
                                      size_t* length) {
  if (length != nullptr) {
    *length = size;
  }
  if (out == nullptr && capacity == 0) {
    return false;
  }
  RETURN_IF_ERROR(CheckNotNull(out, "the buffer"));
  if (needed > capacity) {
    return absl::OutOfRangeError(absl::StrFormat("the buffer holds %d; %d are needed", capacity, needed));
  }
  return true;
}

template <typename Element>
absl::Status WriteArray(std::span<const Element> values, Element* out, size_t capacity, size_t* length) {
  ASSIGN_OR_RETURN(const bool copy, SetLength(values.size(), values.size(), out, capacity, length));
  if (copy) {
    std::ranges::copy(values, out);
  }
  return absl::OkStatus();
}

// With a NUL behind it, which `*length` does not count.
inline absl::Status WriteText(std::string_view text, char* out, size_t capacity, size_t* length) {
  ASSIGN_OR_RETURN(const bool copy, SetLength(text.size(), text.size() + 1, out, capacity, length));
  if (copy) {
    text.copy(out, text.size());
    out[text.size()] = '\0';
  }
  return absl::OkStatus();
}

}  // namespace bitnet

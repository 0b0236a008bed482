// From statuses and exceptions to the codes and texts that C programs see.
#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <string_view>

#include "absl/status/status.h"
#include "bitnet/bitnet.h"

namespace bitnet {

// Fills in `error`, unless it is null, and returns `code`. Allocates nothing. A longer message is cut between
// two characters.
bitnet_code SetError(bitnet_error* error, bitnet_code code, std::string_view message);
bitnet_code SetError(bitnet_error* error, const absl::Status& status);

// INVALID_ARGUMENT: it is null. `name` is the parameter's.
absl::Status CheckNotNull(const void* pointer, std::string_view name);
// UNIMPLEMENTED: there are flags beside the `known` ones.
absl::Status CheckFlags(uint32_t flags, uint32_t known);
// UNIMPLEMENTED: a field that has no meaning yet is set.
absl::Status CheckReserved(uint32_t reserved);
// UNIMPLEMENTED: a field, of an enumeration that we know up to `last`, has another value.
absl::Status UnknownValue(std::string_view field, int value, int last);

// What a C function does: runs `body`, a function that returns a status, and lets no exception out. We throw
// none, but the standard library does when memory is short, and so may a callback written in C++.
template <typename Body>
bitnet_code Guard(bitnet_error* error, Body body) noexcept {
  try {
    return SetError(error, body());
  } catch (const std::bad_alloc&) {
    return SetError(error, BITNET_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception& exception) {
    return SetError(error, BITNET_INTERNAL, exception.what());
  } catch (...) {
    return SetError(error, BITNET_INTERNAL, "an exception of unknown type");
  }
}

}  // namespace bitnet

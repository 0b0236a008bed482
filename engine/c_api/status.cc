#include "engine/c_api/status.h"

#include <iterator>

#include "absl/strings/str_format.h"
#include "base/utf8_prefix.h"

namespace bitnet {

static_assert(static_cast<int>(absl::StatusCode::kInvalidArgument) == BITNET_INVALID_ARGUMENT &&
              static_cast<int>(absl::StatusCode::kDataLoss) == BITNET_DATA_LOSS);

bitnet_code SetError(bitnet_error* error, bitnet_code code, std::string_view message) {
  if (error != nullptr) {
    const size_t size = Utf8Prefix(message, sizeof(error->message) - 1);
    error->code = code;
    message.copy(error->message, size);
    error->message[size] = '\0';
  }
  return code;
}

bitnet_code SetError(bitnet_error* error, const absl::Status& status) {
  // UNAUTHENTICATED, the one code of Abseil's that has no name here, comes from no engine.
  const auto code = static_cast<int>(status.code()) <= BITNET_DATA_LOSS
                        ? static_cast<bitnet_code>(status.code())
                        : BITNET_UNKNOWN;
  return SetError(error, code, {status.message().data(), status.message().size()});
}

absl::Status CheckNotNull(const void* pointer, std::string_view name) {
  if (pointer == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is NULL", name));
  }
  return absl::OkStatus();
}

absl::Status CheckFlags(uint32_t flags, uint32_t known) {
  if ((flags & ~known) != 0) {
    return absl::UnimplementedError(absl::StrFormat(
        "flags has 0x%x, which this library does not know; it knows 0x%x", flags & ~known, known));
  }
  return absl::OkStatus();
}

absl::Status UnknownValue(std::string_view field, int value, int last) {
  return absl::UnimplementedError(
      absl::StrFormat("%s is %d; this library knows 0 to %d", field, value, last));
}

absl::Status CheckReserved(uint32_t reserved) {
  if (reserved != 0) {
    return absl::UnimplementedError(
        absl::StrFormat("reserved is %d; this library knows no value but 0", reserved));
  }
  return absl::OkStatus();
}

}  // namespace bitnet

extern "C" {

const char* bitnet_error_message(const bitnet_error* error) { return error == nullptr ? "" : error->message; }

const char* bitnet_code_name(bitnet_code code) {
  static constexpr const char* kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS"};
  const auto number = static_cast<unsigned>(code);
  return number < std::size(kNames) ? kNames[number] : "UNKNOWN";
}

}  // extern "C"

#include "engine/c_api/structs.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// None of ours will ever be so large; what says so is no struct_size.
constexpr size_t kMaxStructSize = 4096;

}  // namespace

absl::StatusOr<size_t> StructSize(const void* given, std::string_view type) {
  size_t size = 0;
  std::memcpy(&size, given, sizeof(size));
  if (size < sizeof(size) || size > kMaxStructSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("struct_size of %s is %d; fill it in with %s_init", type, size, type));
  }
  return size;
}

absl::Status ReadStruct(const void* given, std::string_view type, void* known, size_t known_size) {
  ASSIGN_OR_RETURN(const size_t size, StructSize(given, type));
  const auto* bytes = static_cast<const unsigned char*>(given);
  for (size_t i = known_size; i < size; ++i) {
    if (bytes[i] != 0) {
      return absl::UnimplementedError(absl::StrFormat(
          "%s has something set at byte %d; this library knows %d bytes of it, the program's header is newer",
          type, i, known_size));
    }
  }
  std::memcpy(known, given, std::min(size, known_size));
  return absl::OkStatus();
}

absl::Status WriteStruct(const void* known, size_t known_size, std::string_view type, void* given) {
  ASSIGN_OR_RETURN(const size_t size, StructSize(given, type));
  const size_t common = std::min(size, known_size);
  const size_t begin = sizeof(size);
  auto* bytes = static_cast<unsigned char*>(given);
  std::memcpy(bytes + begin, static_cast<const unsigned char*>(known) + begin, common - begin);
  std::memset(bytes + common, 0, size - common);
  return absl::OkStatus();
}

}  // namespace bitnet

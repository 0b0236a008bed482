#include "engine/model/byte_reader.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {

absl::StatusOr<std::string_view> ByteReader::ReadString(std::string_view what) {
  ASSIGN_OR_RETURN(const uint64_t length, Read<uint64_t>(what));
  if (remaining() < length) {
    return Truncated(what, length);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
  position_ += length;
  return text;
}

absl::Status ByteReader::ExpectItems(uint64_t count, size_t min_bytes, std::string_view what) const {
  if (count > remaining() / min_bytes) {
    return absl::DataLossError(
        absl::StrFormat("at byte %d: %s announces %d items of at least %d bytes, but only %d bytes follow",
                        position_, what, count, min_bytes, remaining()));
  }
  return absl::OkStatus();
}

absl::Status ByteReader::Truncated(std::string_view what, uint64_t wanted) const {
  return absl::DataLossError(absl::StrFormat("at byte %d: %s needs %d bytes, but only %d follow", position_,
                                             what, wanted, remaining()));
}

}  // namespace bitnet

// Reads little-endian values from bytes that nobody vouches for.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitnet {

// Every read checks that its bytes are there; DATA_LOSS says `what` was being read, where, and how much was
// missing. Borrows the bytes, and what it returns points into them.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // Any arithmetic type.
  template <typename T>
  absl::StatusOr<T> Read(std::string_view what) {
    static_assert(std::endian::native == std::endian::little, "would need swapping");
    if (remaining() < sizeof(T)) {
      return Truncated(what, sizeof(T));
    }
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  // A string: its length as 8 bytes, then that many bytes.
  absl::StatusOr<std::string_view> ReadString(std::string_view what);

  // `count` items follow that take at least `min_bytes` each. Called before memory for them is allocated.
  absl::Status ExpectItems(uint64_t count, size_t min_bytes, std::string_view what) const;

 private:
  absl::Status Truncated(std::string_view what, uint64_t wanted) const;

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

}  // namespace bitnet

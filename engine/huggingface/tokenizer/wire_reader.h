// Protocol Buffers' wire format.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bitnet {

// Reads the fields of one message, one after the other. What a field holds is one of three, by its wire type:
// a varint's value in `number`, 4 or 8 bytes as an unsigned `number`, or a string, bytes or an inner message
// in `bytes`.
class WireReader {
 public:
  struct Field {
    uint32_t number = 0;
    enum Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 } type = kVarint;
    uint64_t value = 0;
    std::span<const uint8_t> bytes;  // Points into the message.
  };

  explicit WireReader(std::span<const uint8_t> message) : rest_(message) {}

  // The next field; nothing at the end, or where the bytes are no message: then ok() is false.
  std::optional<Field> Next();
  bool ok() const { return ok_; }

 private:
  std::optional<uint64_t> Varint();
  std::optional<uint64_t> Fixed(size_t size);
  bool ReadValue(Field& field);

  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace bitnet

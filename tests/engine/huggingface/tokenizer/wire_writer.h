// Writes Protocol Buffers' wire format, field by field.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bitnet {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}

inline std::string VarintField(uint32_t number, uint64_t value) {
  return Varint(number << 3) + Varint(value);
}

inline std::string FloatField(uint32_t number, float value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return Varint(number << 3 | 5) + bytes;
}

inline std::string BytesField(uint32_t number, std::string_view bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}

// A piece of a SentencePiece model.
inline std::string PieceField(std::string_view text, float score, uint64_t type) {
  return BytesField(1, BytesField(1, text) + FloatField(2, score) + VarintField(3, type));
}

}  // namespace bitnet

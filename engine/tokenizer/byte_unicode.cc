#include "engine/tokenizer/byte_unicode.h"

#include <array>
#include <cstdint>

#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

constexpr int kAlphabetEnd = 0x100 + 68;

struct Alphabet {
  std::array<uint16_t, 256> code_of_byte{};
  std::array<int16_t, kAlphabetEnd> byte_of_code{};  // -1: not in the alphabet.
};

constexpr bool StandsForItself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet MakeAlphabet() {
  Alphabet alphabet;
  for (int16_t& byte : alphabet.byte_of_code) {
    byte = -1;
  }
  int next_code = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int code = StandsForItself(byte) ? byte : next_code++;
    alphabet.code_of_byte[byte] = static_cast<uint16_t>(code);
    alphabet.byte_of_code[code] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = MakeAlphabet();
static_assert(kAlphabet.code_of_byte[' '] == 0x120 && kAlphabet.code_of_byte[0xAD] == kAlphabetEnd - 1);

}  // namespace

std::optional<std::string> DecodeByteUnicode(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8Char(text);
    if (c.length == 0 || c.code >= kAlphabetEnd || kAlphabet.byte_of_code[c.code] < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(kAlphabet.byte_of_code[c.code]);
    text.remove_prefix(c.length);
  }
  return bytes;
}

std::string EncodeByteUnicode(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    AppendUtf8(kAlphabet.code_of_byte[static_cast<uint8_t>(byte)], text);
  }
  return text;
}

}  // namespace bitnet

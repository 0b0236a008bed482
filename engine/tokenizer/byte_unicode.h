// How byte-level vocabularies write bytes as visible text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bitnet {

// GPT-2's alphabet of 256 characters: the 188 bytes that are visible in Latin-1 stand for themselves, the
// other 68 are U+0100, U+0101, ... in order, so that a space is written U+0120 and a newline U+010A. Merges
// are separated by a space, which no token written this way contains.

// The bytes that `text` stands for; nothing if it has a character outside the alphabet or is not UTF-8.
std::optional<std::string> DecodeByteUnicode(std::string_view text);

// The text that stands for `bytes`.
std::string EncodeByteUnicode(std::string_view bytes);

}  // namespace bitnet

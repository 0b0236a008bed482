#include "engine/tokenizer/byte_unicode.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bitnet {
namespace {

TEST(ByteUnicodeTest, WritesVisibleBytesAsThemselvesAndOthersFromU0100) {
  EXPECT_EQ(EncodeByteUnicode("a~!"), "a~!");
  EXPECT_EQ(EncodeByteUnicode(std::string(1, '\0')), "\u0100");
  EXPECT_EQ(EncodeByteUnicode(" a\n"), "\u0120a\u010A");
  EXPECT_EQ(EncodeByteUnicode("\x7F\xA0\xAD"), "\u0121\u0142\u0143");
  EXPECT_EQ(EncodeByteUnicode("\xA1\xAE\xFF"), "\u00A1\u00AE\u00FF");
}

TEST(ByteUnicodeTest, ReadsBackEveryByte) {
  std::set<std::string> texts;
  for (int i = 0; i < 256; ++i) {
    const std::string byte(1, static_cast<char>(i));
    const std::string text = EncodeByteUnicode(byte);
    EXPECT_EQ(DecodeByteUnicode(text), byte);
    EXPECT_EQ(text.find(' '), std::string::npos);
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), 256u);
}

TEST(ByteUnicodeTest, RefusesCharactersOutsideTheAlphabet) {
  for (const char* text :
       {"a b", "\n", "\u0144", "\u4E00", "\U0001F642", "\u00A0", "\u00AD", "\xFF", "a\xC3"}) {
    EXPECT_EQ(DecodeByteUnicode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace bitnet

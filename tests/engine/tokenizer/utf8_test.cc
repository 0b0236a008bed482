#include "engine/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace bitnet {
namespace {

TEST(Utf8Test, ReadsBackEveryCharacter) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code == 0xD800) {
      code = 0xE000;
    }
    std::string text;
    AppendUtf8(code, text);
    const Utf8Char c = DecodeUtf8Char(text + "x");
    ASSERT_EQ(c.code, code);
    ASSERT_EQ(c.length, text.size());
  }
}

TEST(Utf8Test, RefusesInvalidBeginnings) {
  for (const std::string& text :
       {std::string(), std::string("\x80"), std::string("\xBF"), std::string("\xC0\x80"),
        std::string("\xC1\xBF"), std::string("\xE0\x9F\xBF"), std::string("\xED\xA0\x80"),
        std::string("\xED\xBF\xBF"), std::string("\xF0\x8F\xBF\xBF"), std::string("\xF4\x90\x80\x80"),
        std::string("\xF5\x80\x80\x80"), std::string("\xF8\x88\x80\x80\x80"), std::string("\xFF"),
        std::string("\xC3"), std::string("\xE2\x82"), std::string("\xF0\x9F\x99"), std::string("\xC3("),
        std::string("\xE2(\xA1")}) {
    EXPECT_EQ(DecodeUtf8Char(text).length, 0u) << testing::PrintToString(text);
  }
}

TEST(Utf8Test, FindsTheValidBeginning) {
  EXPECT_EQ(ValidUtf8Prefix(""), 0u);
  EXPECT_EQ(ValidUtf8Prefix("h\xC3\xA9!"), 4u);
  EXPECT_EQ(ValidUtf8Prefix("h\xC3\xA9\xFF!"), 3u);
  EXPECT_EQ(ValidUtf8Prefix("h\xC3"), 1u);
}

}  // namespace
}  // namespace bitnet

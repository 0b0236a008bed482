#include "base/utf8_stream.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

std::string DecodeWhole(std::string_view bytes) {
  Utf8Stream stream;
  std::string text = stream.Append(bytes);
  return text + stream.Flush();
}

std::string DecodeByteByByte(std::string_view bytes) {
  Utf8Stream stream;
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += stream.Append(bytes.substr(i, 1));
  }
  return text + stream.Flush();
}

TEST(Utf8StreamTest, KeepsUnfinishedCharactersBack) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Append("a\xE2\x82"), "a");
  EXPECT_FALSE(stream.empty());
  EXPECT_EQ(stream.Append("\xAC"
                          "b"),
            "€b");
  EXPECT_TRUE(stream.empty());
  EXPECT_EQ(stream.Flush(), "");
}

TEST(Utf8StreamTest, ReplacesAnUnfinishedCharacterAtTheEnd) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Append("\xF0\x9F\x98"), "");
  EXPECT_EQ(stream.Flush(), "\uFFFD");
  EXPECT_TRUE(stream.empty());
}

TEST(Utf8StreamTest, PassesEveryLengthOfCharacterByteByByte) {
  const std::string text = "aé€😀\x7F\u0080\u07FF\u0800\uFFFF\U00010000\U0010FFFF";
  EXPECT_EQ(DecodeByteByByte(text), text);
}

struct Invalid {
  std::string bytes;
  std::string text;
};

// Expected texts are those of the Unicode standard's tables 3-8 to 3-11 and of WHATWG's decoder.
TEST(Utf8StreamTest, ReplacesEachMaximalInvalidPartOnce) {
  const Invalid cases[] = {
      {"\x80", "\uFFFD"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},
      {"\xE0\x80\xBF", "\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x91\x92\x93", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xFF"
       "A",
       "\uFFFDA"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
       "A",
       "\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xF0\x80\x80\x41", "\uFFFD\uFFFD\uFFFDA"},
  };
  for (const Invalid& invalid : cases) {
    EXPECT_EQ(DecodeWhole(invalid.bytes), invalid.text);
    EXPECT_EQ(DecodeByteByByte(invalid.bytes), invalid.text);
  }
}

}  // namespace
}  // namespace bitnet

#include "engine/tokenizer/nfc.h"

#include <gtest/gtest.h>

#include <string>

namespace bitnet {
namespace {

TEST(NfcTest, ComposesAndOrdersMarks) {
  EXPECT_EQ(NormalizeNfc("e\u0301"), "\u00E9");
  EXPECT_EQ(NormalizeNfc("\u212B \u2126"), "\u00C5 \u03A9");
  EXPECT_EQ(NormalizeNfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(NormalizeNfc("\u1E0A\u0323"), "\u1E0C\u0307");
  EXPECT_EQ(NormalizeNfc("\u1112\u1161\u11AB"), "\uD55C");
  EXPECT_EQ(NormalizeNfc("\uFB01"), "\uFB01");        // A ligature is a compatibility character.
  EXPECT_EQ(NormalizeNfc("\u0958"), "\u0915\u093C");  // Excluded from composition.
  EXPECT_EQ(NormalizeNfc("\U0001D15E"), "\U0001D157\U0001D165");
  EXPECT_EQ(NormalizeNfc(""), "");
  EXPECT_EQ(NormalizeNfc(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(NfcTest, KeepsInvalidBytesAndDoesNotLookAcrossThem) {
  EXPECT_EQ(NormalizeNfc("\xFF"
                         "e\xFE\u0301"),
            "\xFF"
            "e\xFE\u0301");
  EXPECT_EQ(NormalizeNfc("e\u0301\xE2\x82"), "\u00E9\xE2\x82");
}

TEST(NfcTest, KnowsTextsThatStay) {
  EXPECT_FALSE(MayNeedNfc("plain, \u00E9 and \u02FF"));
  EXPECT_TRUE(MayNeedNfc("e\u0300"));
  EXPECT_TRUE(MayNeedNfc("\u212B"));
}

// Quadratic time would take minutes.
TEST(NfcTest, TakesAMegabyteOfMarks) {
  std::string text = "e";
  std::string above;
  std::string below;
  for (int i = 0; i < 1 << 18; ++i) {
    text += "\u0301\u0323";
    above += "\u0301";
    below += "\u0323";
  }
  // The first of each kind composes, as far as there is such a character: U+1EB9 has no form with an acute.
  EXPECT_EQ(NormalizeNfc(text), "\u1EB9" + below.substr(2) + above);
}

}  // namespace
}  // namespace bitnet

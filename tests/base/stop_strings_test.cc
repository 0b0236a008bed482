#include "base/stop_strings.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(StopStringsTest, PassesTextThroughWithoutStops) {
  StopStrings stops({});
  EXPECT_EQ(stops.Append("anything"), "anything");
  EXPECT_EQ(stops.Flush(), "");
}

TEST(StopStringsTest, HoldsBackWhatMayBecomeAStop) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.Append("the E"), "the ");
  EXPECT_EQ(stops.Append("N"), "");
  EXPECT_EQ(stops.Append("d"), "ENd");
  EXPECT_FALSE(stops.matched().has_value());
}

TEST(StopStringsTest, DeliversNothingOfAStopSplitOverPieces) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.Append("aE"), "a");
  EXPECT_EQ(stops.Append("NDb"), "");
  EXPECT_EQ(stops.matched(), "END");
  EXPECT_EQ(stops.Append("more"), "");
  EXPECT_EQ(stops.Flush(), "");
}

TEST(StopStringsTest, FindsTheEarliestOfSeveral) {
  StopStrings stops({"cd", "bc"});
  EXPECT_EQ(stops.Append("abcd"), "a");
  EXPECT_EQ(stops.matched(), "bc");
}

TEST(StopStringsTest, FindsTheLongestOfThoseThatStartTogether) {
  StopStrings stops({"ab", "abc"});
  EXPECT_EQ(stops.Append("xabc"), "x");
  EXPECT_EQ(stops.matched(), "abc");
}

TEST(StopStringsTest, FindsAStopThatOverlapsItsOwnBeginning) {
  StopStrings stops({"aab"});
  EXPECT_EQ(stops.Append("aa"), "");
  EXPECT_EQ(stops.Append("a"), "a");
  EXPECT_EQ(stops.Append("b"), "");
  EXPECT_EQ(stops.matched(), "aab");
}

TEST(StopStringsTest, FlushesWhatNeverBecameAStop) {
  StopStrings stops({"END"});
  EXPECT_EQ(stops.Append("xEN"), "x");
  EXPECT_EQ(stops.Flush(), "EN");
  EXPECT_EQ(stops.Flush(), "");
}

// Whatever the pieces, the text that comes out is the text before the first match.
TEST(StopStringsTest, GivesTheSameTextForEverySplit) {
  const std::string text = "ababcabdab";
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      StopStrings stops({"abd"});
      std::string out = stops.Append(text.substr(0, first));
      out += stops.Append(text.substr(first, second - first));
      out += stops.Append(text.substr(second));
      EXPECT_EQ(out, "ababc") << first << " " << second;
      EXPECT_EQ(stops.matched(), "abd");
    }
  }
}

}  // namespace
}  // namespace bitnet

#include "engine/tokenizer/special_tokens.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(SpecialTokenFinderTest, FindsTheFirstAndOfThoseTheLongest) {
  SpecialTokenFinder finder;
  finder.Add("<a>", 1);
  finder.Add("<a>b", 2);
  finder.Add("<", 3);
  finder.Add("x", 4);
  const auto expect = [&](std::string_view text, size_t from, size_t begin, size_t length, int32_t id) {
    const SpecialTokenFinder::Found found = finder.FindNext(text, from);
    EXPECT_EQ(found.begin, begin) << text;
    EXPECT_EQ(found.length, length) << text;
    EXPECT_EQ(found.id, id) << text;
  };
  expect("..<a>.", 0, 2, 3, 1);
  expect("..<a>b", 0, 2, 4, 2);
  expect("..<a", 0, 2, 1, 3);
  expect("..<a>", 3, 5, 0, -1);
  expect("x<a>", 0, 0, 1, 4);
  expect("", 0, 0, 0, -1);
  expect("none", 0, 4, 0, -1);
}

}  // namespace
}  // namespace bitnet

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/cli/perplexity.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(ScoredTextTest, ReadsItsKeysInEitherOrder) {
  for (const char* line :
       {R"({"ids": [1, 22, 3], "answer_start": 2})", R"( {"answer_start":2,"ids":[1,22,3]} )"}) {
    const absl::StatusOr<ScoredText> text = ParseScoredText(line);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(text->ids, (std::vector<int32_t>{1, 22, 3}));
    EXPECT_EQ(text->answer_start, 2u);
  }
}

TEST(ScoredTextTest, SaysWhatIsWrongAndWhere) {
  const auto expect = [](const std::string& line, const std::string& message) {
    EXPECT_TRUE(IsError(ParseScoredText(line).status(), absl::StatusCode::kInvalidArgument, message)) << line;
  };
  const std::string shape = R"(not an object {"ids": [...], "answer_start": n})";
  for (const char* line : {"", "[]", R"({"text": 1})", R"({"ids": 1, "answer_start": 1})", R"({"ids": [1,]})",
                           R"({"ids": [1, 2], "answer_start": 1} x)", R"({"ids": [1, 2]})"}) {
    expect(line, shape);
  }
  expect(R"({"ids": [1, 99999999999], "answer_start": 1})",
         "ids[1] is 99999999999; an integer of 0 to 2147483647 was wanted");
  expect(R"({"ids": [1.5], "answer_start": 1})", "ids[0] is 1.5; an integer");
  expect(R"({"ids": [1, 2], "answer_start": -1})", "answer_start is -1; an integer");
  expect(R"({"ids": [1, 2], "answer_start": 0})", "answer_start is 0; 1 to 1 was wanted for 2 ids");
  expect(R"({"ids": [1, 2], "answer_start": 2})", "answer_start is 2; 1 to 1 was wanted for 2 ids");
  expect(R"({"ids": [], "answer_start": 1})", "there are 0 ids; 2 or more were wanted");
}

}  // namespace
}  // namespace bitnet

#include "service/openai/tool_calls.h"

#include <gtest/gtest.h>

namespace bitnet::openai {
namespace {

struct Parsed {
  std::string text;
  std::vector<ToolCall> calls;
};

// As the text comes in pieces of `size` bytes.
Parsed Parse(std::string_view text, size_t size) {
  ToolCallParser parser;
  Parsed parsed;
  const auto take = [&](std::string part) {
    parsed.text += part;
    for (ToolCall& call : parser.TakeCalls()) parsed.calls.push_back(std::move(call));
  };
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    take(parser.Add(text.substr(0, size)));
  take(parser.Finish());
  return parsed;
}

class ToolCallParserTest : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Pieces, ToolCallParserTest, testing::Values(1, 3, 1000));

TEST_P(ToolCallParserTest, FindsCallsBetweenText) {
  const Parsed parsed = Parse(
      "Let me see.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n"
      "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>",
      GetParam());
  EXPECT_EQ(parsed.text, "Let me see.\n");
  ASSERT_EQ(parsed.calls.size(), 2u);
  EXPECT_EQ(parsed.calls[0].name, "f");
  EXPECT_EQ(parsed.calls[0].arguments, "{\"a\":1}");
  EXPECT_EQ(parsed.calls[1].name, "g");
  EXPECT_NE(parsed.calls[0].id, parsed.calls[1].id);
}

TEST_P(ToolCallParserTest, TakesAnAnswerThatIsAllCall) {
  const Parsed parsed = Parse("\n{\"name\": \"f\", \"parameters\": {\"a\": \"<tool_call>\"}}", GetParam());
  EXPECT_EQ(parsed.text, "");
  ASSERT_EQ(parsed.calls.size(), 1u);
  EXPECT_EQ(parsed.calls[0].arguments, "{\"a\":\"<tool_call>\"}");
}

TEST_P(ToolCallParserTest, LeavesWhatIsNoCall) {
  for (const std::string text :
       {"plain", "a < b <tool_c", "{\"name\": 5}", "<tool_call>nonsense</tool_call>!",
        "<tool_call>{\"name\": \"f\"", "{", " "}) {
    const Parsed parsed = Parse(text, GetParam());
    EXPECT_EQ(parsed.text, text);
    EXPECT_TRUE(parsed.calls.empty());
  }
}

TEST_P(ToolCallParserTest, TakesACallWhoseEndIsMissing) {
  const Parsed parsed = Parse("<tool_call>{\"name\": \"f\", \"arguments\": {}}", GetParam());
  EXPECT_EQ(parsed.text, "");
  EXPECT_EQ(parsed.calls.size(), 1u);
}

TEST(ToolCallParserStreamTest, PassesOnTextAtOnce) {
  ToolCallParser parser;
  EXPECT_EQ(parser.Add("Hello <to"), "Hello ");
  EXPECT_EQ(parser.Add("day>"), "<today>");
}

}  // namespace
}  // namespace bitnet::openai

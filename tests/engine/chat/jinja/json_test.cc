#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

TEST(JsonTest, IsWrittenAsPythonWritesIt) {
  EXPECT_EQ(
      Rendered("{{ x | tojson }}", R"({"x": {"b": [1, -2.5, 1e30, true, null, "a"], "a": {}, "c": []}})"),
      R"({"b": [1, -2.5, 1e+30, true, null, "a"], "a": {}, "c": []})");
  EXPECT_EQ(Rendered("{{ x | tojson }}", R"({"x": "\"\\/\n\r\t\b\f\u0001\u007f é <b>&' 🗼"})"),
            "\"\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\x7f é <b>&' 🗼\"");
  EXPECT_EQ(Rendered("{{ x | tojson(ensure_ascii=true) }}", R"({"x": "é🗼"})"), R"("\u00e9\ud83d\uddfc")");
  EXPECT_EQ(
      Rendered("{{ x | tojson(sort_keys=true, separators=(',', ':')) }}", R"({"x": {"b": [1, 2], "a": 2}})"),
      R"({"a":2,"b":[1,2]})");
}

TEST(JsonTest, IsIndented) {
  EXPECT_EQ(Rendered("{{ x | tojson(indent=2) }}", R"({"x": {"a": [1, {"b": 2}], "c": [], "d": {}}})"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}");
  EXPECT_EQ(Rendered("{{ [1] | tojson(indent='\t') }}"), "[\n\t1\n]");
}

TEST(JsonTest, HasNothingForWhatIsNoData) {
  EXPECT_EQ(Rendered("{{ x | tojson }}"), "error: line 1: tojson wants data; 'x' is undefined");
  EXPECT_EQ(Rendered("{{ range | tojson }}"), "error: line 1: tojson wants data; it is function");
}

TEST(JsonTest, ReadsNumbersAsFarAsTheyGo) {
  EXPECT_EQ(
      Rendered("{{ x }}", R"({"x": [9223372036854775807, -9223372036854775808, 18446744073709551615, 0.1]})"),
      "[9223372036854775807, -9223372036854775808, 1.8446744073709552e+19, 0.1]");
}

TEST(JsonTest, RefusesWhatNestsBeyondReason) {
  std::string deep;
  for (int i = 0; i < 200; ++i) deep = "[" + deep + "]";
  EXPECT_EQ(FromJson(nlohmann::ordered_json::parse(deep), Origin::kUser).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bitnet::jinja

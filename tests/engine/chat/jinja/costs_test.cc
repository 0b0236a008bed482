// Whatever a template does is paid for by its size: what is free of charge can be repeated for ever.
#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kWork = "the template does more work than it may";

// An expression with `s`, a text of 100,000 letters, `l`, a list of 10,000 numbers, and `d` and `ns`, with
// 1,000 keys of which one is `s`.
class CostsTest : public testing::TestWithParam<std::string_view> {};

// Paid by the byte or item, this is too much work; at some units for each call, it is not.
TEST_P(CostsTest, GrowWithWhatIsReadOrMade) {
  const std::string letters(100000, 'a');
  std::string variables = R"({"s": ")" + letters + R"(", "l": [0)";
  for (int i = 1; i < 10000; ++i) variables += ",0";
  variables += R"(], "d": {")" + letters + R"(": 0)";
  for (int i = 1; i < 1000; ++i) variables += ",\"" + std::to_string(i) + "\":0";
  variables += "}}";
  const std::string source =
      "{% set ns = namespace(d) %}{% for i in range(5000) %}{% set x = " + std::string(GetParam()) +
      " %}{% endfor %}";
  // 20 for each round would be enough without the texts and items, of which the fewest cost 125.
  const std::string text = Rendered(source, variables, {.work = 400000});
  EXPECT_TRUE(text.ends_with(kWork)) << text;
}

constexpr std::string_view kExpressions[] = {
    // Texts that are copied.
    "s.strip()",
    "s.lstrip('b')",
    "s.removeprefix('a')",
    "s.removesuffix('a')",
    "s.title()",
    "s.format()",
    "s % ()",
    "s | trim",
    "s | e",
    "s ~ ''",
    "'a' | indent(s, true)",
    "[] | tojson(indent=s)",
    "[1, 2] | tojson(separators=(s, ''))",
    "{'a': 1} | tojson(separators=('', s))",
    "['', ''] | join(s)",
    "[s] | sort",
    "[s] | unique",
    "[s] | min",
    "[s, ''] | max",
    "dict(d)",
    // Texts that are read.
    "s.startswith(s)",
    "s.endswith(['b', s])",
    "s.isdigit() or s.isalpha()",
    "s.isspace()",
    "s is lower",
    "s | int",
    "s | float",
    "s.find('b')",
    "'a'.strip(s)",
    "s in d",
    "d[s]",
    "d.get(s)",
    "[''] | map(attribute=s)",
    "s == s",
    // Items that are looked at.
    "''.startswith(l)",
    "namespace(d)",
    "ns.missing",
    "ns['missing']",
    "'missing' in d",
    "l.count(1)",
};
INSTANTIATE_TEST_SUITE_P(Expressions, CostsTest, testing::ValuesIn(kExpressions));

TEST(CostTest, GrowWithAMacrosParameters) {
  std::string parameters = "a0";
  for (int i = 1; i < 10000; ++i) parameters += ", a" + std::to_string(i);
  EXPECT_TRUE(Rendered("{% macro f(" + parameters +
                           ") %}{% endmacro %}{% for i in range(1000) %}{{ f() }}{% endfor %}",
                       "{}", {.work = 400000})
                  .ends_with(kWork));
}

TEST(CostTest, GrowWithTheBlocksAroundAName) {
  std::string inside = "{{ x }}";
  for (int i = 0; i < 90; ++i) {
    inside = "{% with %}" + inside + "{% endwith %}";
  }
  EXPECT_EQ(Rendered(inside, R"({"x": 1})", {.work = 200}), "1");
  EXPECT_TRUE(Rendered(inside, R"({"x": 1})", {.work = 100}).ends_with(kWork));
}

// Every item of a list of 100,000 would get 10 MB.
TEST(CostTest, KeepMemorySmall) {
  EXPECT_TRUE(Rendered("{% set s = 'a' * 10000000 %}{{ ([s] * 100000) | sort | length }}").ends_with(kWork));
  EXPECT_TRUE(Rendered("{% set s = 'a' * 10000000 %}{{ ([s] * 100000) | tojson(separators=(s, '')) }}")
                  .ends_with(kWork));
}

}  // namespace
}  // namespace bitnet::jinja

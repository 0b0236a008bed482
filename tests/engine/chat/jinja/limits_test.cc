// A hostile template neither hangs, nor eats memory, nor overflows the stack.
#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kWork = "the template does more work than it may";
constexpr std::string_view kDepth = "the template calls itself or nests too deeply";

std::string Repeat(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

class LimitsTest : public testing::TestWithParam<Case> {};

TEST_P(LimitsTest, Hold) {
  const std::string text = Rendered(GetParam().source);
  EXPECT_TRUE(text.starts_with("error: ")) << text.size();
  EXPECT_TRUE(text.ends_with(GetParam().wanted)) << text;
}

constexpr Case kHostile[] = {
    {"{% for i in range(1000000000000) %}{% endfor %}", kWork},
    {"{% for a in range(3000) %}{% for b in range(3000) %}{% endfor %}{% endfor %}", kWork},
    {"{{ 'a' * 9000000000 }}", kWork},
    {"{{ 'ab' * 9223372036854775807 }}", kWork},
    {"{{ [0] * 9000000000 }}", kWork},
    {"{% set ns = namespace(s='a') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
     kWork},
    {"{% set ns = namespace(s='a') %}{% for i in range(100) %}{% set ns.s = ns.s.replace('a', 'aa') %}{% "
     "endfor %}",
     kWork},
    {"{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = (ns.s | list) | join(ns.s) %}{% "
     "endfor %}",
     kWork},
    {"{% set ns = namespace(s=[]) %}{% for i in range(100) %}{% set ns.s = ns.s + [ns.s, ns.s] %}{% endfor "
     "%}",
     "containers hold plain values, at most 100 deep"},
    // A list of two of which each is a list of two ...
    {"{% set ns = namespace(s=[]) %}{% for i in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s "
     "}}",
     kWork},
    {"{% set ns = namespace(s=[]) %}{% for i in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s "
     "| tojson }}",
     kWork},
    {"{% set ns = namespace(s=[], t=[]) %}{% for i in range(90) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = "
     "[ns.t, ns.t] %}"
     "{% endfor %}{{ ns.s == ns.t }}",
     kWork},
    {"{% set ns = namespace(s=[]) %}{% for i in range(500) %}{% set ns.s = [ns.s] %}{% endfor %}",
     "containers hold plain values, at most 100 deep"},
    {"{{ 'a' | indent(9000000000) }}", kWork},
    {"{% set s = 'a' * 100000 %}{% for i in range(100000) %}{{ s[1:] }}{% endfor %}", kWork},
    {"{% set s = 'a' * 1000000 %}{% set t = 'a' * 500000 + 'b' %}{{ t in s }}", kWork},
    {"{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s | length }}{% endfor %}", kWork},
    {"{{ range(100000000) | tojson }}", kWork},
    {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", kDepth},
    {"{% macro f(x) %}{{ caller() }}{% call f(1) %}{{ caller() }}{% endcall %}{% endmacro %}{% call f(1) "
     "%}{% endcall %}",
     kDepth},
    {"{% macro f(a=f()) %}{% endmacro %}{{ f() }}", kDepth},
};
INSTANTIATE_TEST_SUITE_P(Hostile, LimitsTest, testing::ValuesIn(kHostile));

TEST(LimitsTest, HoldForSyntax) {
  constexpr int kMany = 80000;  // As many as the longest of these has room for.
  const std::string wanted = "error: line 1: an expression nests too deeply";
  EXPECT_EQ(Rendered("{{ " + Repeat("(", kMany) + "1" + Repeat(")", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ " + Repeat("[", kMany) + Repeat("]", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ " + Repeat("-", kMany) + "1 }}"), wanted);
  EXPECT_EQ(Rendered("{{ " + Repeat("not ", kMany) + "1 }}"), wanted);
  EXPECT_EQ(Rendered("{{ 1" + Repeat(" + 1", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ 1" + Repeat(" ** 1", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ x" + Repeat(".y", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ x" + Repeat("[0]", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ x" + Repeat("()", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ x" + Repeat("|e", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ x" + Repeat(" is defined", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ 1" + Repeat(" if 1", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered("{{ 1" + Repeat(" if 1 else 1", kMany) + " }}"), wanted);
  EXPECT_EQ(Rendered(Repeat("{% if 1 %}", kMany)), "error: line 1: blocks nest too deeply");
  EXPECT_EQ(Rendered(Repeat("a", 2000000)),
            "error: the template has 2000000 bytes; at most 1048576 were wanted");
}

TEST(LimitsTest, LeaveRoomForLongTemplates) {
  EXPECT_EQ(Rendered("{{ 1" + Repeat(" + 1", 100) + " }}"), "101");
  EXPECT_EQ(Rendered(Repeat("{% if 1 %}", 90) + "a" + Repeat("{% endif %}", 90)), "a");
  EXPECT_EQ(Rendered("{% macro f(n) %}{% if n %}{% for i in [1] %}{{ f(n - 1) }}{% endfor %}{% endif %}{% "
                     "endmacro %}{{ f(30) }}"),
            "");
  EXPECT_EQ(Rendered("{% if 0 %}" + Repeat("{% elif 0 %}", 5000) + "{% else %}a{% endif %}"), "a");
}

TEST(LimitsTest, CountWhatIsDone) {
  EXPECT_EQ(Rendered("{% for i in range(10) %}{{ i }}{% endfor %}", "{}", {.work = 100}), "0123456789");
  EXPECT_TRUE(Rendered("{% for i in range(10) %}{{ i }}{% endfor %}", "{}", {.work = 50}).ends_with(kWork));
}

// A macro that has left the block it stands in, in a variable outside.
TEST(LimitsTest, LetNoMacroOutliveItsVariables) {
  EXPECT_EQ(Rendered("{% set ns = namespace() %}{% for i in [1] %}{% macro f() %}{{ i }}{% endmacro %}{% set "
                     "ns.f = f %}{% endfor %}"),
            "error: line 1: containers hold plain values, at most 100 deep");
}

}  // namespace
}  // namespace bitnet::jinja

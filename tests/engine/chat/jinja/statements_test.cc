#include <gtest/gtest.h>

#include "absl/time/civil_time.h"
#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kVariables = R"({"list": [1, 2, 3], "d": {"a": 1, "b": 2}, "s": "xy",
                                            "people": [{"n": "a", "ok": true}, {"n": "b"}]})";

class StatementsTest : public testing::TestWithParam<Case> {};

TEST_P(StatementsTest, DoAsInJinja2) {
  EXPECT_EQ(Rendered(GetParam().source, kVariables), GetParam().wanted);
}

constexpr Case kIf[] = {
    {"{% if 0 %}a{% elif '' %}b{% elif 1 %}c{% else %}d{% endif %}", "c"},
    {"{% if x %}a{% else %}b{% endif %}", "b"},
    {"{% if not list %}a{% endif %}", ""},
    {"{% if true %}{% set y = 1 %}{% endif %}{{ y }}", "1"},
};
INSTANTIATE_TEST_SUITE_P(If, StatementsTest, testing::ValuesIn(kIf));

constexpr Case kFor[] = {
    {"{% for i in list %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}", "1, 2, 3"},
    {"{% for i in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ "
     "loop.first }}"
     "{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}",
     "1032True32 2121False313 3210False32 "},
    {"{% for i in list[::-1] %}{{ i }}{{ loop.last }}{% endfor %}", "3False2False1True"},
    {"{% for k in d %}{{ k }}{% endfor %}{% for c in s %}[{{ c }}]{% endfor %}{% for z in z %}{% endfor %}",
     "ab[x][y]"},
    {"{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for (k, v) in d | items %}{{ k }}{% endfor "
     "%}",
     "a=1;b=2;ab"},
    {"{% for i in [] %}a{% else %}none{% endfor %}{% for i in list %}{% else %}none{% endfor %}", "none"},
    {"{% for i in list if i is odd %}{{ loop.index }}:{{ i }} {% endfor %}", "1:1 2:3 "},
    {"{% for p in people if p.ok is defined and p.ok %}{{ p.n }}{% endfor %}", "a"},
    {"{% for i in list %}{% for j in list %}{{ loop.depth }}{% if j == i %}{% break %}{% endif %}{% endfor "
     "%}|{% endfor %}",
     "2|22|222|"},
    {"{% for i in list %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"},
    {"{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 1, -2) %}{{ i }}{% endfor %}", "01253"},
    {"{% for i in list %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i > 1) }} {% endfor %}",
     "aTrue bTrue aFalse "},
    {"{% for i in 1, 2 %}{{ i }}{% endfor %}", "12"},
};
INSTANTIATE_TEST_SUITE_P(For, StatementsTest, testing::ValuesIn(kFor));

constexpr Case kScopes[] = {
    // What a loop sets is gone after each turn, and what is outside is seen again.
    {"{% set x = 0 %}{% for i in list %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "0102030"},
    {"{% for i in list %}{% set i = i + 1 %}{{ i }}{% endfor %}{{ i }}", "234"},
    {"{% set ns = namespace(x=0, y='a') %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x "
     "}}{{ ns.y }}{{ ns.z }}",
     "6a"},
    {"{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, e) = d.keys() %}{{ c }}{{ e }}", "12ab"},
    {"{% set x %}a{{ list[0] }}\n{% set y = 1 %}{% endset %}[{{ x }}]{{ y }}", "[a1\n]"},
    {"{% set x | upper | replace('A', 'b') %}a-{{ 'c' }}{% endset %}{{ x }}", "b-C"},
    {"{% set ns = namespace() %}{% set ns.x %}q{% endset %}{{ ns.x }}", "q"},
    {"{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "1"},
    {"{% filter upper %}a{{ s }}{% endfilter %}", "AXY"},
    {"{% generation %}a{% set q = 1 %}{% endgeneration %}{{ q }}", "a"},
    {"{% set list = list[1:] %}{{ list }}", "[2, 3]"},
    {"{{ dict(d, c=3) }}", "{'a': 1, 'b': 2, 'c': 3}"},
};
INSTANTIATE_TEST_SUITE_P(Scopes, StatementsTest, testing::ValuesIn(kScopes));

constexpr Case kMacros[] = {
    {"{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c=3) }} {{ f(b=5, a=4) "
     "}}",
     "121 123 454"},
    {"{% macro f(a) %}{{ a }}|{% endmacro %}{{ f() }}{{ f('x') | upper }}", "|X|"},
    {"{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210"},
    // Variables of where it stands, as they are when it is called; none of where it is called.
    {"{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}", "1"},
    {"{% macro f() %}{{ i }}.{% endmacro %}{% for i in list %}{{ f() }}{% endfor %}", "..."},
    {"{% macro f() %}a{% set x = 5 %}{% endmacro %}{{ f() ~ f() }}{{ x }}", "aa"},
    {"{% macro f(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) f(2) %}{{ y }}{{ s }}{% endcall %}", "[2xy]"},
    {"{% macro f() -%}\n  a\n{%- endmacro %}\n{{ f() }}", "a"},
};
INSTANTIATE_TEST_SUITE_P(Macros, StatementsTest, testing::ValuesIn(kMacros));

TEST(FunctionsTest, ShowTheDateThatTheyAreGiven) {
  RenderOptions options;
  options.now = absl::FromCivil(absl::CivilSecond(2024, 7, 26, 13, 5, 9), absl::UTCTimeZone());
  EXPECT_EQ(Rendered("{{ strftime_now('%d %b %Y, %H:%M') }}", "{}", options), "26 Jul 2024, 13:05");
}

}  // namespace
}  // namespace bitnet::jinja

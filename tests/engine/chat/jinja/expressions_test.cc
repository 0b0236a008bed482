#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kVariables =
    R"({"n": 7, "half": 0.5, "s": "añb", "list": [1, 2, 3], "d": {"a": 1, "items": 2, "b c": 3}, "t": true,
        "nothing": null})";

class ExpressionsTest : public testing::TestWithParam<Case> {};

TEST_P(ExpressionsTest, AreAsInPython) {
  EXPECT_EQ(Rendered(GetParam().source, kVariables), GetParam().wanted);
}

constexpr Case kLiterals[] = {
    {"{{ 1 }} {{ -2 }} {{ 1_000 }} {{ 1.5 }} {{ 2e3 }} {{ 1e100 }} {{ 0.0001 }} {{ 0.00001 }}",
     "1 -2 1000 1.5 2000.0 1e+100 0.0001 1e-05"},
    {"{{ 0.1 + 0.2 }} {{ 2 / 3 }} {{ 1e15 }} {{ 1e16 }} {{ 123456789012345.67 }} {{ -0.0 }} {{ 5e-324 }} {{ "
     "1.7976931348623157e308 }}",
     "0.30000000000000004 0.6666666666666666 1000000000000000.0 1e+16 123456789012345.67 -0.0 5e-324 "
     "1.7976931348623157e+308"},
    {"{{ true }} {{ False }} {{ none }} {{ undefined_name }}.", "True False None ."},
    {R"({{ 'a"\n\x41\u00e9\t\\\'\q' }})", "a\"\nA\xC3\xA9\t\\'\\q"},
    {"{{ 'a' 'b' \"c\" }}", "abc"},
    {"{{ [1, 'a', none, 2.0, [], ()] }}", "[1, 'a', None, 2.0, [], ()]"},
    {"{{ (1,) }} {{ 1, 2 }} {{ (1) }}", "(1,) (1, 2) 1"},
    {"{{ {'a': 1, 'b': {'c': \"it's\"}, 'a': 2} }}", "{'a': 2, 'b': {'c': \"it's\"}}"},
    {"{{ [1, 2,] }}{{ {'a': 1,} }}", "[1, 2]{'a': 1}"},
};
INSTANTIATE_TEST_SUITE_P(Literals, ExpressionsTest, testing::ValuesIn(kLiterals));

constexpr Case kArithmetic[] = {
    {"{{ 1 + 2 * 3 ** 2 - 4 }}", "15"},
    {"{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }}", "3.5 3 -4 1 2 -2"},
    {"{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2 ** -1 }} {{ 2 ** 0.5 > 1.41 }}", "3.0 0.5 0.5 True"},
    {"{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "64 4"},  // From the left, and the sign first: Jinja, not Python.
    {"{{ 'a' + 'b' }} {{ 'ab' * 2 }} {{ 3 * 'x' }} {{ [1] + [2] }} {{ [0] * 3 }} {{ 'a' * -1 }}",
     "ab abab xxx [1, 2] [0, 0, 0] "},
    {"{{ 1 ~ 'a' ~ none ~ true ~ missing }}", "1aNoneTrue"},
    // ~ binds more tightly.
    {"{{ 1 + 2 ~ 3 }}", "error: line 1: operator + cannot be applied to integer and string"},
    {"{{ '%s is %d%%' % ('x', 5) }} {{ '%s' % 'y' }}", "x is 5% y"},
    {"{{ true + 1 }} {{ +n }} {{ -half }}", "2 7 -0.5"},
};

INSTANTIATE_TEST_SUITE_P(Arithmetic, ExpressionsTest, testing::ValuesIn(kArithmetic));

constexpr Case kComparisons[] = {
    {"{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }}", "True False True True"},
    {"{{ [1, 2] < [1, 3] }} {{ [1] == [1] }} {{ (1,) == [1] }} {{ {'a': [1]} == {'a': [1]} }}",
     "True True False True"},
    {"{{ 'a' == 1 }} {{ none == false }} {{ '' == none }} {{ missing == missing2 }} {{ 1 != '1' }}",
     "False False False True True"},
    {"{{ 2 in list }} {{ 9 not in list }} {{ 'a' in d }} {{ 'ñ' in s }} {{ 'x' in missing }} {{ 1 in d }}",
     "True True True True False False"},
    {"{{ not 1 == 2 }} {{ not (1 in list) }} {{ not n > 5 }}", "True False False"},
    {"{{ '' or 'x' }} {{ 0 and 1 }} {{ 'a' and 'b' }} {{ none or false }} {{ [] or {} or 'z' }}",
     "x 0 b False z"},
    {"{{ 'yes' if n > 5 else 'no' }} {{ 'x' if n > 9 }}. {{ 1 if false else 2 if false else 3 }}", "yes . 3"},
    {"{{ true or missing.x.y }}", "True"},
};
INSTANTIATE_TEST_SUITE_P(Comparisons, ExpressionsTest, testing::ValuesIn(kComparisons));

constexpr Case kLookups[] = {
    {"{{ d.a }} {{ d['b c'] }} {{ d.missing }}. {{ d['missing'] }}. {{ n.x }}. {{ none.x }}.", "1 3 . . . ."},
    {"{{ d['items'] }} {{ d.items()|length }}",
     "2 3"},  // A method goes before a key after a dot, only there.
    {"{{ list[0] }} {{ list[-1] }} {{ list[9] }}. {{ list.1 }} {{ s[1] }} {{ s[-1] }}", "1 3 . 2 ñ b"},
    {"{{ list[1:] }} {{ list[:-1] }} {{ list[::-1] }} {{ list[::2] }} {{ list[5:] }} {{ list[-2:9] }} {{ "
     "list[2:0:-1] }}",
     "[2, 3] [1, 2] [3, 2, 1] [1, 3] [] [2, 3] [3, 2]"},
    {"{{ s[1:] }} {{ s[::-1] }} {{ s[:1] }} {{ s[:none] }}", "ñb bña a añb"},
    {"{{ d.a + list[d.a] }} {{ [d][0].a }} {{ ('x' ~ n)[1] }}", "3 1 7"},
};
INSTANTIATE_TEST_SUITE_P(Lookups, ExpressionsTest, testing::ValuesIn(kLookups));

constexpr Case kTests[] = {
    {"{{ n is defined }} {{ x is defined }} {{ x is not defined }} {{ x is undefined }}",
     "True False True True"},
    {"{{ not x is defined }} {{ nothing is none }} {{ n is not none }}", "True True True"},
    {"{{ s is string }} {{ n is string }} {{ list is iterable }} {{ list is sequence }} {{ d is mapping }} "
     "{{ s is mapping }}",
     "True False True True True False"},
    {"{{ n is number }} {{ half is number }} {{ n is integer }} {{ t is integer }} {{ half is float }} {{ t "
     "is boolean }}",
     "True True True False True True"},
    {"{{ t is true }} {{ 1 is true }} {{ t is false }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 "
     "}} {{ n is divisibleby(2) }}",
     "True False False True False True False"},
    {"{{ n is eq 7 }} {{ n is equalto(8) }} {{ n is gt 5 }} {{ n is lessthan 5 }} {{ n is in list }} {{ 2 is "
     "in [1, 2] }}",
     "True False True False False True"},
    {"{{ 'a' is lower }} {{ 'A' is upper }} {{ range is callable }} {{ 1 is sameas true }} {{ none is sameas "
     "none }}",
     "True True True False True"},
    {"{{ 'x' if n is defined and n is not none and s is string else 'y' }}", "x"},
};
INSTANTIATE_TEST_SUITE_P(Tests, ExpressionsTest, testing::ValuesIn(kTests));

constexpr Case kPrecedence[] = {
    {"{{ 'a' + 'b' | upper }} {{ ('a' + 'b') | upper }}", "aB AB"},
    {"{{ -3 | abs }} {{ 1 + -3 | abs }}", "3 4"},
    {"{{ 'a,b'.split(',') | last | upper ~ '!' }}", "B!"},
    {"{{ list | length - 1 }} {{ (list | length - 1) - 2 }} {{ list | length > 2 }}", "2 0 True"},
    {"{{ d.a is defined and 'a' in d or missing.x }}", "True"},
};
INSTANTIATE_TEST_SUITE_P(Precedence, ExpressionsTest, testing::ValuesIn(kPrecedence));

}  // namespace
}  // namespace bitnet::jinja

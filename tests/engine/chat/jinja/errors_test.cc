#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

class ErrorsTest : public testing::TestWithParam<Case> {};

TEST_P(ErrorsTest, SayInWhichLineWhatWasFound) {
  EXPECT_EQ(Rendered(GetParam().source), "error: " + std::string(GetParam().wanted));
}

constexpr Case kSyntax[] = {
    {"a\nb {{ x", "line 2: a tag has no end: }} was wanted"},
    {"{% if x %}\n\na", "line 3: {% endif %} was wanted, the template's end was found"},
    {"{% if x %}{% endfor %}", "line 1: block 'endfor' is not known here"},
    {"{% for x %}{% endfor %}", "line 1: 'in' was wanted, '%}' was found"},
    {"{% for x in y %}{% endif %}", "line 1: block 'endif' is not known here"},
    {"{{ 1 2 }}", "line 1: '}}' was wanted, '2' was found"},
    {"{{ a. }}", "line 1: a name after '.' was wanted, '}}' was found"},
    {"{{ (1 }}", "line 1: '}' closes no bracket"},
    {"{{ [1 2] }}", "line 1: ',' was wanted, '2' was found"},
    {"{{ f(a=1, 2) }}", "line 1: an argument's name was wanted, '2' was found"},
    {"{{ 'abc }}", "line 1: a string has no end"},
    {"{{ '\\ud800' }}", "line 1: an escape in a string is no character"},
    {"{{ a ? b }}", "line 1: '?' is no part of an expression"},
    {"{{ }}", "line 1: an expression was wanted, '}}' was found"},
    {"{{ x[] }}", "line 1: there is nothing between '[' and ']'"},
    {"{{ x[1:2:3:4] }}", "line 1: a slice has more than two ':'"},
    {"{{ 99999999999999999999 }}", "line 1: 99999999999999999999 is no 64-bit integer"},
    {"{# a", "line 1: a comment has no end: #} was wanted"},
    {"{% raw %}a", "line 1: {% raw %} has no {% endraw %}"},
    {"{% include 'x' %}", "line 1: block 'include' is not known here"},
    {"{% break %}", "line 1: {% break %} stands in no loop"},
    {"{% for i in x %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}",
     "line 1: {% break %} stands in no loop"},
    {"{% for i in x recursive %}{% endfor %}", "line 1: recursive loops are not known here"},
    {"{% set a, b %}{% endset %}", "line 1: '=' was wanted, '%}' was found"},
    {"{% call x %}{% endcall %}", "line 1: {% call %} wants a call"},
    {"{% %}", "line 1: a block's name was wanted, '%}' was found"},
};
INSTANTIATE_TEST_SUITE_P(Syntax, ErrorsTest, testing::ValuesIn(kSyntax));

constexpr Case kRuntime[] = {
    {"a\n{{ x.y.z }}", "line 2: there is no 'y' of what is undefined: 'x' is undefined"},
    {"{{ x.y }}", "line 1: there is no 'y' of what is undefined: 'x' is undefined"},
    {"{{ x + 1 }}", "line 1: 'x' is undefined"},
    {"{{ 'a' + x }}", "line 1: 'x' is undefined"},
    {"{{ 'a' + 1 }}", "line 1: operator + cannot be applied to string and integer"},
    {"{{ x() }}", "line 1: a call wants a function; 'x' is undefined"},
    {"{{ 1 | nope }}", "line 1: there is no filter 'nope'"},
    {"{{ 1 is nope }}", "line 1: there is no test 'nope'"},
    {"{% for i in 5 %}{% endfor %}", "line 1: a list, mapping or string was wanted; it is integer"},
    {"{% for a, b in [[1, 2], [3]] %}{% endfor %}",
     "line 1: 2 values were wanted, for 'a' and others; there are 1"},
    {"{{ 1 // 0 }}", "line 1: division by zero"},
    {"{{ 1 % 0 }}{# #}", "line 1: division by zero"},
    {"{{ 9223372036854775807 + 1 }}", "line 1: the result is no 64-bit integer"},
    {"{{ (-9223372036854775807 - 1) // -1 }}", "line 1: the result is no 64-bit integer"},
    {"{{ 10 ** 99 }}", "line 1: the result is no 64-bit integer"},
    {"{{ 1 < 'a' }}", "line 1: there is no order between integer and string"},
    {"{{ 1 in 'a' }}", "line 1: 'in <string>' wants a string on its left; it is integer"},
    {"{{ {1: 2} }}", "line 1: a mapping's key is no string; it is integer"},
    {"{% set x.y = 1 %}", "line 1: 'x.y' cannot be set: 'x' is no namespace"},
    {"{{ none | length }}", "line 1: length wants a string, list or mapping; it is none"},
    {"{{ 'a'.replace('b') }}", "line 1: replace wants an argument 'new'"},
    {"{{ 'a'.strip('b', 'c') }}", "line 1: strip has an argument that it does not know"},
    {"{{ 'a'.split('') }}", "line 1: split wants a separator that is a string and not empty"},
    {"{{ '%d' % 'a' }}", "line 1: %d wants an integer; it is string"},
    {"{{ '{}'.format() }}", "line 1: format has no value for '{}'"},
    {"{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "line 1: macro 'f' takes 1 arguments; there are 2"},
    {"{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "line 1: macro 'f' has no parameter 'b'"},
    {"{{ range }}", "line 1: a function is no text"},
    {"{{ [1, 2][::0] }}", "line 1: a slice's step is 0"},
    {"{{ [range] }}", "line 1: containers hold plain values, at most 100 deep"},
    {"{% set ns = namespace() %}{% set ns.x = ns %}",
     "line 1: containers hold plain values, at most 100 deep"},
    {"{{ 1\n + 2\n + 'a' }}", "line 3: operator + cannot be applied to integer and string"},
};
INSTANTIATE_TEST_SUITE_P(Runtime, ErrorsTest, testing::ValuesIn(kRuntime));

TEST(ErrorsTest, ThatTheTemplateRaisesAreItsOwnWords) {
  const absl::Status status =
      Render("a\n{{ raise_exception('Roles must alternate: ' + x) }}", R"({"x": "1"})").status();
  EXPECT_EQ(status, absl::InvalidArgumentError("Roles must alternate: 1"));
}

TEST(ErrorsTest, AreShort) {
  const std::string name(300, 'x');
  EXPECT_EQ(Rendered("{{ " + name + " }}"), "error: line 1: a name has 300 bytes; at most 255 were wanted");
  EXPECT_EQ(Rendered("{{ {}['" + name + "'].a }}"), "error: line 1: there is no 'a' of what is undefined: '" +
                                                        std::string(64, 'x') + "...' is undefined");
  EXPECT_EQ(Rendered("{{ 1 | attr('a') | attr('" + std::string(5000, 'x') + "') }}").size(), 7u + 1000 + 3);
  EXPECT_EQ(Rendered("{{ " + std::string(5000, '1') + " }}").size(), 7u + 1000 + 3);
}

// A template may hold what it never comes to.
TEST(ErrorsTest, OfPartsThatAreNotReachedDoNotCount) {
  EXPECT_EQ(Rendered("{% if false %}{{ x | nope }}{{ x is nope }}{{ y.z.w() }}{% endif %}a"), "a");
}

}  // namespace
}  // namespace bitnet::jinja

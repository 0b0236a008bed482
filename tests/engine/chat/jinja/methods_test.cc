#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

class MethodsTest : public testing::TestWithParam<Case> {};

TEST_P(MethodsTest, DoAsInPython) {
  EXPECT_EQ(Rendered(GetParam().source, R"({"d": {"a": 1, "b": null}, "list": [1, 2, 1]})"),
            GetParam().wanted);
}

constexpr Case kCases[] = {
    {"[{{ ' a '.strip() }}][{{ ' a '.lstrip() }}][{{ ' a '.rstrip() }}][{{ '\\n\\na\\n'.strip('\\n') }}][{{ "
     "'xyaxz'.strip('zyx') }}]",
     "[a][a ][ a][a][a]"},
    {"{{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a b c'.split(none, 1) "
     "}} {{ ''.split(',') }} {{ ''.split() }}",
     "['a', 'b', '', 'c'] ['a', 'b,c'] ['a', 'b'] ['a', 'b c'] [''] []"},
    {"{{ ' a  b c '.rsplit(none, 1) }} {{ ' a b'.rsplit(none, 1) }} {{ ' a b '.rsplit(none, 2) }} {{ ' a "
     "'.rsplit(none, "
     "0) }} {{ ' a '.split(none, 0) }} {{ '  '.rsplit(none, 0) }} {{ 'a b'.rsplit(none, 9223372036854775807) "
     "}}",
     "[' a  b', 'c'] [' a', 'b'] ['a', 'b'] [' a'] ['a '] [] ['a', 'b']"},
    {"{{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ 'a\\nb\\r\\n\\nc\\n'.splitlines() }}",
     "['a,b', 'c'] [' a b', 'c'] ['a', 'b', '', 'c']"},
    {"{{ '</think>x</think> y'.split('</think>')[-1].lstrip() }}", "y"},
    {"{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('ab') }} {{ 'abc'.startswith(('x', 'a')) }} {{ "
     "'abc'.endswith('') }}",
     "True False True True"},
    {"{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'abc'.removeprefix('x') }}",
     "bc ab abc"},
    {"{{ 'aB'.upper() }} {{ 'aB'.lower() }} {{ 'aB c'.capitalize() }} {{ \"they're x\".title() }}",
     "AB ab Ab c They'Re X"},
    {"{{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ 'ñab'.find('b') }} {{ "
     "'a'.find('z') }} {{ 'aba'.rfind('a') }} {{ 'aaa'.count('a') }}",
     "a-b- a-bX 2 -1 2 3"},
    {"{{ ', '.join(['a', 'b']) }} {{ '{} {x} {{{}}}'.format(1, 2, x='y') }} {{ '{1}{0}'.format('a', 'b') }}",
     "a, b 1 y {2} ba"},
    {"{{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'a1'.isalnum() }} {{ 'a1'.isalpha() }} {{ ' \\n'.isspace() "
     "}}",
     "True False True False True"},
    {"{{ d.get('a') }} {{ d.get('z') }} {{ d.get('z', 5) }} {{ d.get('b', 5) }}", "1 None 5 None"},
    {"{{ d.keys() | list }} {{ d.values() | list }} {{ d.items() | list }}",
     "['a', 'b'] [1, None] [('a', 1), ('b', None)]"},
    {"{{ list.count(1) }} {{ list.index(2) }}", "2 1"},
};
INSTANTIATE_TEST_SUITE_P(Cases, MethodsTest, testing::ValuesIn(kCases));

// Lists and mappings are never changed, in training programs either.
TEST(MethodsTest, ChangeNothing) {
  EXPECT_EQ(Rendered("{{ [1].append(2) }}"), "error: line 1: a call wants a function; 'append' is undefined");
  EXPECT_EQ(Rendered("{{ {'a': 1}.pop('a') }}"),
            "error: line 1: a call wants a function; 'pop' is undefined");
}

}  // namespace
}  // namespace bitnet::jinja

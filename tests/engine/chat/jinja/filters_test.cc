#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

constexpr std::string_view kVariables =
    R"({"s": " añB ", "list": [3, 1, 2], "d": {"b": 1, "A": 3, "c": 2}, "none_": null,
        "people": [{"n": "x", "a": {"age": 3}, "ok": true}, {"n": "y", "a": {"age": 1}, "ok": false}, {"n": "x"}]})";

class FiltersTest : public testing::TestWithParam<Case> {};

TEST_P(FiltersTest, DoAsInJinja2) { EXPECT_EQ(Rendered(GetParam().source, kVariables), GetParam().wanted); }

constexpr Case kText[] = {
    {"[{{ s | trim }}] [{{ 'xxaxx' | trim('x') }}] [{{ 5 | trim }}] [{{ z | trim }}]", "[añB] [a] [5] []"},
    {"{{ 'aBc' | upper }} {{ 'aBc' | lower }} {{ 'hELLO wORLD' | capitalize }} {{ \"it's a-b\" | title }}",
     "ABC abc Hello world It's A-B"},
    {"{{ 'user' | capitalize + ': ' + s | trim + '.' }}", "User: añB."},
    {"{{ 'aaa' | replace('a', 'b', 2) }} {{ 'abc' | replace('b', '') }} {{ 'ab' | replace('', '-') }}",
     "bba ac -a-b-"},
    {"{{ 1 | string + 'a' }} {{ [1] | string | length }} {{ 'a' | safe }}", "1a 3 a"},
    {"{{ '<a href=\"x\">&' | e }}", "&lt;a href=&#34;x&#34;&gt;&amp;"},
    {"{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(1, blank=true) }}",
     "a\n    b\n\n    c|  a\n  b|a\n \n b"},
    {"{{ '%s=%d' | format('a', 3) }}", "a=3"},
    {"{{ 'abc' | reverse }} {{ 'añ' | length }} {{ 'abc' | first }}{{ 'abc' | last }}", "cba 2 ac"},
};
INSTANTIATE_TEST_SUITE_P(Text, FiltersTest, testing::ValuesIn(kText));

constexpr Case kNumbers[] = {
    {"{{ '12' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ ' -4 ' | int }} {{ 'ff' | "
     "int(0, 16) }} {{ true | int }}",
     "12 0 7 3 -4 255 1"},
    {"{{ '1.5' | float }} {{ 2 | float }} {{ 'x' | float(1.0) }}", "1.5 2.0 1.0"},
    {"{{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ -3 | abs }}",
     "2.57 2.0 3.0 3"},
    {"{{ z | default('x') }} {{ none_ | default('x') }} {{ '' | default('x', true) }} {{ d.q | default({}) "
     "}} {{ z | d }}.",
     "x None x {} ."},
};
INSTANTIATE_TEST_SUITE_P(Numbers, FiltersTest, testing::ValuesIn(kNumbers));

constexpr Case kSequences[] = {
    {"{{ list | length }} {{ d | count }} {{ z | length }} {{ list | first }} {{ list | last }} {{ [] | "
     "first }}.",
     "3 3 0 3 2 ."},
    {"{{ list | join(', ') }} {{ list | join }} {{ people | join('-', attribute='n') }} {{ 'ab' | join('.') "
     "}}",
     "3, 1, 2 312 x-y-x a.b"},
    {"{{ list | sort }} {{ list | sort(reverse=true) }} {{ ['b', 'A', 'a'] | sort }} {{ ['b', 'A'] | "
     "sort(case_sensitive=true) }}",
     "[1, 2, 3] [3, 2, 1] ['A', 'a', 'b'] ['A', 'b']"},
    {"{{ people[:2] | sort(attribute='a.age') | map(attribute='n') | list }}", "['y', 'x']"},
    {"{{ d | dictsort }} {{ d | dictsort(by='value', reverse=true) | first }}",
     "[('A', 3), ('b', 1), ('c', 2)] ('A', 3)"},
    {"{{ d | items | list }} {{ d | list }} {{ 'ab' | list }} {{ list | reverse | list }}",
     "[('b', 1), ('A', 3), ('c', 2)] ['b', 'A', 'c'] ['a', 'b'] [2, 1, 3]"},
    {"{{ list | map('string') | join('+') }} {{ people | map(attribute='n') | unique | list }} {{ people | "
     "map(attribute='q', default=0) | list }}",
     "3+1+2 ['x', 'y'] [0, 0, 0]"},
    {"{{ ['a', 'b'] | map('replace', 'a', 'c') | list }}", "['c', 'b']"},
    {"{{ list | select('odd') | list }} {{ list | reject('equalto', 1) | list }} {{ [0, 1, ''] | select | "
     "list }} {{ [0, 1] | reject | list }}",
     "[3, 1] [3, 2] [1] [0]"},
    {"{{ people | selectattr('ok') | map(attribute='n') | list }} {{ people | rejectattr('ok', 'defined') | "
     "list | length }} "
     "{{ people | selectattr('n', 'equalto', 'x') | list | length }} {{ people | rejectattr('ok') | list | "
     "length }}",
     "['x'] 1 2 2"},
    {"{{ list | sum }} {{ people[:2] | sum(attribute='a.age') }} {{ list | max }} {{ list | min }} {{ [] | "
     "max }}.",
     "6 4 3 1 ."},
    {"{{ d | attr('items') is callable }}", "True"},
};
INSTANTIATE_TEST_SUITE_P(Sequences, FiltersTest, testing::ValuesIn(kSequences));

}  // namespace
}  // namespace bitnet::jinja

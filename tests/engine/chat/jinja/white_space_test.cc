// What stands around tags, as Jinja2 has it with trim_blocks and lstrip_blocks: templates are written for
// that.
#include <gtest/gtest.h>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

class WhiteSpaceTest : public testing::TestWithParam<Case> {};

TEST_P(WhiteSpaceTest, IsDroppedAroundTags) {
  EXPECT_EQ(Rendered(GetParam().source, R"({"x": "v"})"), GetParam().wanted);
}

constexpr Case kCases[] = {
    // The first newline after a block, and blanks in front of it on its line.
    {"a\n  {% if true %}\n b\n  {% endif %}\nc", "a\n b\nc"},
    {"a {% if true %} b {% endif %} c", "a  b  c"},
    {"{% if true %}\n\n\nb{% endif %}", "\n\nb"},
    {"  {% if true %}x{% endif %}", "x"},
    {"y  {% if true %}x{% endif %}", "y  x"},
    {"{% if true %}\n  {% if true %}\n x{% endif %}{% endif %}", " x"},
    // Not around what is printed.
    {"a\n  {{ x }}\n b", "a\n  v\n b"},
    {"  {{ x }}\n", "  v"},
    // Minus drops all.
    {"a \n\n {%- if true -%} \n b \n {%- endif -%} \n c", "abc"},
    {"a \n {{- x -}} \n b", "avb"},
    {"a\n{{- '\\n' + x }}\nb", "a\nv\nb"},
    {"a\u3000{{- x -}}\u00a0b", "avb"},
    // Plus keeps what would be dropped.
    {"a\n  {%+ if true %}b{% endif %}", "a\n  b"},
    {"{% if true +%}\nb{% endif %}", "\nb"},
    // Comments are as blocks.
    {"a\n  {# note #}\nb", "a\nb"},
    {"a {#- note -#} b", "ab"},
    {"a {#note#} b", "a  b"},
    {"{# {{ x }} {% if %} #}a", "a"},
    // The newline at the very end is dropped, and all kinds of newlines are one kind.
    {"a\n", "a"},
    {"a\n\n", "a\n"},
    {"a\r\nb\rc\r\n", "a\nb\nc"},
    // A tag's end within a string, or of a mapping, is none.
    {"{{ '}}' }}{% if '%}' %}a{% endif %}", "}}a"},
    {"{{ {'a': {'b': x}} }}", "{'a': {'b': 'v'}}"},
    {"{{ x}}{{x }}{%if x%}y{%endif%}", "vvy"},
    {"{ {a} }} %} #} {x {", "{ {a} }} %} #} {x {"},
    {"{% raw %}{{ x }} {% if %}{# #}{% endraw %}", "{{ x }} {% if %}{# #}"},
    {"a {%- raw -%} \n{{ x }} \n {%- endraw -%} b", "a{{ x }}b"},
    {"", ""},
};
INSTANTIATE_TEST_SUITE_P(Cases, WhiteSpaceTest, testing::ValuesIn(kCases));

}  // namespace
}  // namespace bitnet::jinja

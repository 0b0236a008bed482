// Whatever a template does with a user's text, it stays a user's; what the template says stays the
// template's.
#include <gtest/gtest.h>

#include <string>

#include "tests/engine/chat/jinja/rendered.h"

namespace bitnet::jinja {
namespace {

// The user's bytes in [], of a template that knows u = "ab c" and o = {"k": ["x\"y", 5]}.
std::string Marked(std::string_view source) {
  const absl::StatusOr<Text> text = Render(source, R"({"u": "ab c", "o": {"k": ["x\"y", 5]}})");
  if (!text.ok()) return std::string(text.status().message());
  std::string marked;
  for (size_t i = 0; i < text->size(); ++i) {
    const bool is_user = text->origin(i) == Origin::kUser;
    const bool was_user = i > 0 && text->origin(i - 1) == Origin::kUser;
    if (is_user && !was_user) marked += '[';
    if (!is_user && was_user) marked += ']';
    marked += text->bytes()[i];
  }
  return !text->empty() && text->origin(text->size() - 1) == Origin::kUser ? marked + ']' : marked;
}

TEST(OriginTest, IsKeptByOperators) {
  EXPECT_EQ(Marked("<{{ u }}>"), "<[ab c]>");
  EXPECT_EQ(Marked("{{ '<' + u + '>' }}{{ '<' ~ u ~ 1 }}"), "<[ab c]><[ab c]1");
  EXPECT_EQ(Marked("{{ u[1:] }}-{{ u[0] }}-{{ u[::-1] }}-{{ (u ~ 'z')[-2:] }}"), "[b c]-[a]-[c ba]-[c]z");
  EXPECT_EQ(Marked("{{ (u ~ '-') * 2 }}{{ '<%s>' % u }}"), "[ab c]-[ab c]-<[ab c]>");
}

TEST(OriginTest, IsKeptByFiltersAndMethods) {
  EXPECT_EQ(Marked("{{ u | upper }}-{{ u | trim }}-{{ u | capitalize }}-{{ u | title }}-{{ u.strip('a') }}"),
            "[AB C]-[ab c]-[Ab c]-[Ab C]-[b c]");
  EXPECT_EQ(Marked("{{ u | replace('b', '<b>') }}{{ 'x' | replace('x', u) }}"), "[a]<b>[ cab c]");
  EXPECT_EQ(Marked("{{ u.split() | join('|') }}-{{ u | list | first }}-{{ u | reverse }}"),
            "[ab]|[c]-[a]-[c ba]");
  EXPECT_EQ(Marked("{{ '{}.'.format(u) }}{{ '-'.join([u, 'y']) }}{{ u | e | string | safe }}"),
            "[ab c].[ab c]-y[ab c]");
  EXPECT_EQ(Marked("{{ 'x\ny' | indent(u) }}"), "x\n[ab c]y");
  EXPECT_EQ(Marked("{{ strftime_now(u) }}"), "[ab c]");
  EXPECT_EQ(Marked("{{ z | default(u) }}{{ [u, 'q'] | last }}"), "[ab c]q");
}

TEST(OriginTest, IsKeptByJsonAndRepr) {
  EXPECT_EQ(Marked("{{ o | tojson }}"), R"({"[k]": ["[x\"y]", 5]})");
  EXPECT_EQ(Marked("{{ o }}"), R"({'[k]': ['[x"y]', 5]})");
  EXPECT_EQ(Marked("{% for k, v in o.items() %}{{ k }}={{ v[0] }}{% endfor %}"), "[k]=[x\"y]");
}

TEST(OriginTest, IsKeptByBlocks) {
  EXPECT_EQ(Marked("{% set x %}<{{ u }}>{% endset %}{{ x }}"), "<[ab c]>");
  EXPECT_EQ(
      Marked("{% macro f(a) %}<{{ a }}>{% endmacro %}{{ f(u) }}{% filter upper %}q{{ u }}{% endfilter %}"),
      "<[ab c]>Q[AB C]");
  EXPECT_EQ(Marked("{% set ns = namespace(x='') %}{% for w in u.split() %}{% set ns.x = ns.x + '/' + w %}{% "
                   "endfor %}{{ ns.x }}"),
            "/[ab]/[c]");
}

}  // namespace
}  // namespace bitnet::jinja

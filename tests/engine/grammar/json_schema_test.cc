#include "engine/grammar/json_schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/engine/grammar/matching.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(JsonObjectTest, IsAnyObject) {
  const auto any = CompileJsonObject();
  ExpectMatches(any,
                {"{}", R"({"a":1})", R"({"a": [1, -2.5e+10, true,false,null, "x\n\u00e9é"], "b":{"c":[]}})",
                 "{\n  \"a\": [\n    1,\n    2\n  ]\n}"});
  ExpectNoMatch(any, {"", "[]", "{", R"({"a"})", R"({a:1})", R"({"a":01})", R"({"a":1,})", R"({"a":1.})",
                      R"({"a":+1})", R"({"a":"\x"})", R"({"a":"\ud800"})", "{\"a\":\"\n\"}", R"({"a":1}})",
                      R"({"a":  1})", R"({"a":1e999})", "{\"a\":\"\xFF\"}"});
}

TEST(JsonSchemaTest, ObjectsHaveTheirPropertiesInOrder) {
  const auto schema = CompileJsonSchema(
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"null"}},
          "required":["b"],"additionalProperties":false,"title":"T","description":"d","x-note":1})");
  ExpectMatches(schema, {R"({"b":""})", R"({"a":1,"b":"x"})", R"({"a": 1, "b": "x", "c": null})",
                         R"({"b":"x","c":null})", "{ \"b\": \"x\" }"});
  ExpectNoMatch(schema, {"{}", R"({"a":1})", R"({"b":"x","a":1})", R"({"a":1.5,"b":"x"})",
                         R"({"b":"x","d":1})", R"({"b":"x","b":"y"})"});
}

TEST(JsonSchemaTest, AdditionalPropertiesHaveOtherNames) {
  const auto schema = CompileJsonSchema(
      R"({"properties":{"ab":{"const":1},"a":{"const":2}},"additionalProperties":{"type":"boolean"}})");
  ExpectMatches(schema, {"{}", R"({"ab":1,"a":2})", R"({"x":true,"":false,"abc":true,"aé":false})",
                         R"({"a":2,"b":true})"});
  ExpectNoMatch(schema, {R"({"a":true})", R"({"ab":true})", R"({"x":1})", R"({"a":2,"ab":true})",
                         R"({"\u0061":true})"});
  // Nothing is said of others: they are left away.
  ExpectNoMatch(CompileJsonSchema(R"({"properties":{"a":{}}})"), {R"({"b":1})"});
  ExpectMatches(CompileJsonSchema(R"({"type":"object"})"), {R"({"b":[1]})"});
  ExpectMatches(CompileJsonSchema(R"({"type":"object","required":["q"]})"), {R"({"q":3,"b":[1]})"});
}

TEST(JsonSchemaTest, Arrays) {
  ExpectMatches(CompileJsonSchema(R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})"),
                {"[1]", "[1, 2]", "[1,2,3]"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})"),
                {"[]", "[1,2,3,4]", "[\"a\"]", "[1,]"});
  const auto prefix = CompileJsonSchema(
      R"({"prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"null"},"minItems":1,"maxItems":4})");
  ExpectMatches(prefix, {R"(["a"])", R"(["a",1])", R"(["a",1,null])", R"(["a",1,null,null])"});
  ExpectNoMatch(prefix, {"[]", "[1]", R"(["a",null])", R"(["a",1,1])", R"(["a",1,null,null,null])"});
  ExpectMatches(CompileJsonSchema(R"({"prefixItems":[{"const":1}],"maxItems":0})"), {"[]"});
  ExpectNoMatch(CompileJsonSchema(R"({"prefixItems":[{"const":1}],"maxItems":0})"), {"[1]"});
  ExpectNoMatch(CompileJsonSchema(R"({"prefixItems":[{"const":1}]})"), {"[1,2]"});
  ExpectMatches(CompileJsonSchema(R"({"prefixItems":[{"const":1}],"minItems":3})"), {"[1,2,\"x\"]"});
}

TEST(JsonSchemaTest, StringsAndPatterns) {
  const auto sized = CompileJsonSchema(R"({"type":"string","minLength":2,"maxLength":3})");
  ExpectMatches(sized, {R"("ab")", R"("é\n😀")", R"("\u00e9\"x")"});
  ExpectNoMatch(sized, {R"("a")", R"("abcd")", R"(ab)", R"("é")"});
  const auto pattern = CompileJsonSchema(R"({"pattern":"^[a-z]+\\.\"?\\n?$"})");
  ExpectMatches(pattern, {R"("ab.")", R"("ab.\"")", R"("ab.\"\n")"});
  ExpectNoMatch(pattern, {R"("ab")", R"("ab..")", R"("1ab.")"});
  const auto somewhere = CompileJsonSchema(R"({"pattern":"ab|^x"})");
  ExpectMatches(somewhere, {R"("ab")", R"("12ab\n34")", R"("x12")"});
  ExpectNoMatch(somewhere, {R"("12x")", R"("a")"});
}

TEST(JsonSchemaTest, IntegersInRanges) {
  for (const auto& [low, high] :
       {std::pair(-120, 1005), {0, 0}, {7, 7}, {-3, -1}, {95, 1234}, {-15, 5}, {100, 999}}) {
    const auto schema =
        CompileJsonSchema(absl::StrCat(R"({"type":"integer","minimum":)", low, R"(,"maximum":)", high, "}"));
    Pushdown pushdown(&*schema);
    for (int i = -1300; i <= 1300; ++i) {
      ASSERT_EQ(MatchText(pushdown, absl::StrCat(i)) == Match::kWhole, low <= i && i <= high)
          << i << " in " << low;
    }
    ExpectNoMatch(schema, {"-0", "007", "1.0", "1e1", ""});
  }
  ExpectMatches(CompileJsonSchema(R"({"type":"integer","exclusiveMinimum":0})"), {"1", "999999999999999999"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"integer","exclusiveMinimum":0})"),
                {"0", "-1", "1000000000000000000"});
  ExpectMatches(CompileJsonSchema(R"({"type":"integer","maximum":2.5,"minimum":-1.5})"), {"2", "-1", "0"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"integer","maximum":2.5,"minimum":-1.5})"), {"3", "-2"});
  ExpectMatches(CompileJsonSchema(R"({"type":"integer","maximum":1e300})"), {"5", "-999999999999999999"});
}

TEST(JsonSchemaTest, NumbersInRanges) {
  const auto unit = CompileJsonSchema(R"({"type":"number","minimum":0,"maximum":1})");
  ExpectMatches(unit, {"0", "1", "0.5", "0.000001", "1.0", "0.999999"});
  ExpectNoMatch(unit, {"-0.1", "1.1", "1.01", "2", "00.5", ".5", "1.", "1e0", "-0"});
  const auto open = CompileJsonSchema(R"({"type":"number","exclusiveMinimum":-2,"exclusiveMaximum":1})");
  ExpectMatches(open, {"-1.999999", "-1", "0", "0.999999", "-0.5", "-0.01"});
  ExpectNoMatch(open, {"-2", "-2.0", "1", "1.0", "-2.5", "1.5"});
  ExpectMatches(CompileJsonSchema(R"({"type":"number","minimum":10})"), {"10", "10.5", "123456789"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"number","minimum":10})"), {"9.9", "-11"});
  ExpectMatches(CompileJsonSchema(R"({"type":"number"})"), {"-1.5e-07", "3", "0.25", "1E5"});
  ExpectMatches(CompileJsonSchema(R"({"type":"number","maximum":-5})"), {"-5", "-5.0", "-6.5", "-100"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"number","maximum":-5})"), {"-4.9", "5", "0"});
}

TEST(JsonSchemaTest, ValuesAndAlternatives) {
  ExpectMatches(CompileJsonSchema(R"({"enum":["a","ab",1,null,{"x":[1,2]},"é\n"]})"),
                {R"("a")", R"("ab")", "1", "null", R"({"x":[1,2]})", R"("é\n")"});
  ExpectNoMatch(CompileJsonSchema(R"({"type":"string","enum":["a","ab",1]})"), {"1", R"("b")", R"(a)"});
  ExpectMatches(CompileJsonSchema(R"({"const":[true]})"), {"[true]"});
  const auto any_of =
      CompileJsonSchema(R"({"anyOf":[{"type":"integer"},{"type":["null","boolean"]},{"const":"x"}]})");
  ExpectMatches(any_of, {"12", "null", "true", R"("x")"});
  ExpectNoMatch(any_of, {R"("y")", "1.5"});
  ExpectMatches(CompileJsonSchema(R"({"oneOf":[{"type":"string"},{"type":"number"}]})"), {"1.5", R"("a")"});
  ExpectMatches(CompileJsonSchema(R"({"oneOf":[
      {"type":"object","properties":{"kind":{"const":"a"},"v":{"type":"integer"}},"required":["kind","v"]},
      {"type":"object","properties":{"kind":{"const":"b"}},"required":["kind"]}]})"),
                {R"({"kind":"a","v":1})", R"({"kind":"b"})"});
  ExpectMatches(CompileJsonSchema("true"), {"1", "[{}]"});
  ExpectMatches(CompileJsonSchema(R"({"allOf":[{"type":"null"}]})"), {"null"});
}

TEST(JsonSchemaTest, ReferencesMayBeRecursive) {
  const auto tree = CompileJsonSchema(R"({"$ref":"#/$defs/no~1de%20x","$defs":{"no/de x":{"type":"object",
      "properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/no~1de%20x"},{"type":"null"}]}},
      "required":["v","next"]}}})");
  ExpectMatches(tree, {R"({"v":1,"next":null})", R"({"v":1,"next":{"v":2,"next":{"v":3,"next":null}}})"});
  ExpectNoMatch(tree, {R"({"v":1})", R"({"v":1,"next":{"v":2}})"});
  ExpectMatches(CompileJsonSchema(R"({"type":"array","items":{"$ref":"#"}})"), {"[]", "[[],[[]]]"});
  // Two recursive alternatives that begin alike: which of them it is shows at the end only.
  const auto expression = CompileJsonSchema(R"({"anyOf":[{"type":"integer"},
      {"type":"object","properties":{"l":{"$ref":"#"},"add":{"$ref":"#"}},"required":["l","add"]},
      {"type":"object","properties":{"l":{"$ref":"#"},"sub":{"$ref":"#"}},"required":["l","sub"]}]})");
  std::string text = "1";
  for (int i = 0; i < 60; ++i) {
    text = absl::StrCat("{\"l\":", text, i % 2 ? ",\"add\":2}" : ",\"sub\":2}");
  }
  ExpectMatches(expression, {text});
}

TEST(JsonSchemaTest, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"{", "it is not JSON"},
      {"3", "at #: a schema is wanted"},
      {R"({"properties":{"a":{"not":{}}}})", "at #/properties/a: the keyword not is not known"},
      {R"({"requird":["a"]})", "at #: the keyword requird is not known"},
      {R"({"type":"text"})", "at #: type is not the name of a JSON type"},
      {R"({"type":[]})", "type is an empty list"},
      {R"({"items":[{}]})", "at #/items: a schema is wanted"},
      {R"({"minItems":-1})", "minItems is not a whole number from 0"},
      {R"({"maxLength":99999})", "maxLength is not a whole number from 0 to 32768"},
      {R"({"pattern":"a","minLength":1})", "pattern and minLength cannot be combined"},
      {R"x({"pattern":"(?=a)"})x", "at #: pattern: at byte 2: groups can be"},
      {R"({"type":"number","minimum":0.5})", "minimum is 0.5; of numbers, whole ones"},
      {R"({"type":"number","exclusiveMinimum":true})", "exclusiveMinimum is not a number"},
      {R"({"multipleOf":2})", "the keyword multipleOf is not known"},
      {R"({"uniqueItems":true})", "uniqueItems is not possible"},
      {R"({"$ref":"#/$defs/x"})", "$ref is #/$defs/x, which is not in this document"},
      {R"({"$ref":"other.json"})", "$ref is other.json, which is not in this document"},
      {R"({"$ref":"#"})", "begins with itself"},
      {R"({"allOf":[{},{}]})", "allOf is possible with one schema only"},
      {R"({"anyOf":[{}],"type":"object"})", "anyOf and type cannot be combined"},
      {R"({"anyOf":[]})", "anyOf has a value of a wrong type"},
      {R"({"enum":[1],"minimum":0})", "enum and minimum cannot be combined"},
      {R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "alternatives 0 and 1 might both hold"},
      {R"({"type":"integer","enum":["a"]})", "no text of finite length matches"},
      {R"({"type":"object","properties":{"a":false},"required":["a"]})", "no text of finite length matches"},
      {R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})",
       "no text of finite length matches"},
      {R"({"type":"integer","minimum":5,"maximum":4})", "no text of finite length matches"},
      {absl::StrCat(R"({"const":)", std::string(300, '['), std::string(300, ']'), "}"),
       "nested more than 256 deep"},
      {std::string(65537, ' '), "it has 65537 bytes; 65536 are possible"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_TRUE(IsError(CompileJsonSchema(text).status(), absl::StatusCode::kInvalidArgument, message))
        << text;
  }
}

}  // namespace
}  // namespace bitnet

// Whatever a mask allows, at random, is JSON that the schema accepts.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/grammar/json_schema.h"
#include "engine/grammar/token_matcher.h"
#include "tests/engine/grammar/list_tokenizer.h"

namespace bitnet {
namespace {

using Json = nlohmann::ordered_json;

class RandomSchemas {
 public:
  explicit RandomSchemas(uint32_t seed) : rng_(seed) {}

  int Pick(int n) { return static_cast<int>(rng_() % n); }

  Json Schema(int depth) {
    switch (Pick(depth == 0 ? 5 : 8)) {
      case 0: {
        Json schema = {{"type", "integer"}};
        const int low = Pick(2000) - 1000;
        if (Pick(2) == 0) {
          schema["minimum"] = low;
        }
        if (Pick(2) == 0) {
          schema["exclusiveMaximum"] = low + 2 + Pick(300);
        }
        return schema;
      }
      case 1: {
        Json schema = {{"type", "number"}};
        if (Pick(2) == 0) {
          schema[Pick(2) == 0 ? "minimum" : "exclusiveMinimum"] = Pick(20) - 10;
          schema[Pick(2) == 0 ? "maximum" : "exclusiveMaximum"] = 10 + Pick(200);
        }
        return schema;
      }
      case 2: {
        Json schema = {{"type", "string"}};
        if (Pick(2) == 0) {
          schema["minLength"] = Pick(3);
          schema["maxLength"] = 3 + Pick(5);
        }
        return schema;
      }
      case 3:
        return Json::parse(R"({"enum":["a","abc","é\n",null,12,-0.5,[1,"x"],{"k":true}]})");
      case 4:
        return {{"type", {"boolean", "null"}}};
      case 5: {
        Json schema = {
            {"type", "array"}, {"items", Schema(depth - 1)}, {"maxItems", 4}, {"minItems", Pick(3)}};
        if (Pick(3) == 0) {
          schema["prefixItems"] = Json::array({Schema(depth - 1), Schema(depth - 1)});
        }
        return schema;
      }
      case 6:
        return {{"anyOf", Json::array({Schema(depth - 1), Schema(depth - 1), Schema(0)})}};
      default:
        return Object(depth);
    }
  }

 private:
  Json Object(int depth) {
    Json schema = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
    const int n = Pick(4);
    for (int i = 0; i < n; ++i) {
      const std::string name = absl::StrCat(i % 2 == 0 ? "na\"me" : "é", i);
      schema["properties"][name] = Schema(depth - 1);
      if (Pick(2) == 0) {
        schema["required"].push_back(name);
      }
    }
    if (Pick(3) == 0) {
      schema["additionalProperties"] = Schema(0);
    } else {
      schema["additionalProperties"] = false;
    }
    return schema;
  }

  std::mt19937 rng_;
};

size_t Characters(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
}

// As far as RandomSchemas goes; written from the specification, not from the compiler.
bool Accepts(const Json& schema, const Json& value) {
  if (schema.is_boolean()) {
    return schema.get<bool>();
  }
  if (schema.contains("anyOf")) {
    return std::ranges::any_of(schema["anyOf"], [&](const Json& s) { return Accepts(s, value); });
  }
  if (schema.contains("enum")) {
    return std::ranges::find(schema["enum"], value) != schema["enum"].end();
  }
  const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  const bool type_fits = std::ranges::any_of(types, [&](const Json& type) {
    return (type == "integer" && value.is_number_integer()) || (type == "number" && value.is_number()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
           (type == "null" && value.is_null()) || (type == "array" && value.is_array()) ||
           (type == "object" && value.is_object());
  });
  if (!type_fits) {
    return false;
  }
  if (value.is_number()) {
    const double x = value.get<double>();
    return (!schema.contains("minimum") || x >= schema["minimum"].get<double>()) &&
           (!schema.contains("maximum") || x <= schema["maximum"].get<double>()) &&
           (!schema.contains("exclusiveMinimum") || x > schema["exclusiveMinimum"].get<double>()) &&
           (!schema.contains("exclusiveMaximum") || x < schema["exclusiveMaximum"].get<double>());
  }
  if (value.is_string() && schema.contains("maxLength")) {
    const size_t length = Characters(value.get<std::string>());
    return length >= schema["minLength"].get<size_t>() && length <= schema["maxLength"].get<size_t>();
  }
  if (value.is_array()) {
    const size_t prefix = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
    for (size_t i = 0; i < value.size(); ++i) {
      if (!Accepts(i < prefix ? schema["prefixItems"][i] : schema["items"], value[i])) {
        return false;
      }
    }
    return value.size() >= schema["minItems"].get<size_t>() &&
           value.size() <= schema["maxItems"].get<size_t>();
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const Json& properties = schema["properties"];
      if (!Accepts(properties.contains(name) ? properties[name] : schema["additionalProperties"], member)) {
        return false;
      }
    }
    return std::ranges::all_of(schema["required"],
                               [&](const Json& name) { return value.contains(name.get<std::string>()); });
  }
  return true;
}

TEST(RandomSchemaTest, RandomAnswersAreAccepted) {
  const ListTokenizer tokenizer(JsonTokens(380));
  const auto trie = std::make_shared<const TokenTrie>(tokenizer, tokenizer.vocab_size());
  int finished = 0;
  for (uint32_t seed = 0; seed < 250; ++seed) {
    RandomSchemas random(seed);
    const Json schema = random.Schema(3);
    absl::StatusOr<Grammar> grammar = CompileJsonSchema(schema.dump());
    ASSERT_TRUE(grammar.ok()) << schema << grammar.status();
    const auto shared = std::make_shared<const TokenGrammar>(*std::move(grammar), trie);
    for (int walk = 0; walk < 4; ++walk) {
      TokenMatcher matcher(shared);
      std::string text;
      for (int step = 0; step < 400 && !matcher.complete(); ++step) {
        if (matcher.accepting() && random.Pick(3) == 0) {
          break;
        }
        const std::span<const uint64_t> mask = matcher.Allowed({}, true);
        std::vector<int32_t> choices;
        for (int32_t id = 0; id < static_cast<int32_t>(tokenizer.vocab_size()); ++id) {
          // Quotes and brackets often, so that it comes to an end.
          const std::string_view bytes = tokenizer.TokenBytes(id);
          const int weight = bytes == "\"" || bytes == "}" || bytes == "]" ? 40 : 1;
          choices.insert(choices.end(), (mask[id / 64] >> id % 64 & 1) != 0 ? weight : 0, id);
        }
        ASSERT_FALSE(choices.empty()) << schema << " after " << text;
        const int32_t chosen = choices[random.Pick(static_cast<int>(choices.size()))];
        ASSERT_TRUE(matcher.Accept(chosen));
        text += tokenizer.TokenBytes(chosen);
      }
      if (matcher.accepting()) {
        ++finished;
        const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
        ASSERT_FALSE(value.is_discarded()) << text << " for " << schema;
        ASSERT_TRUE(Accepts(schema, value)) << text << " for " << schema;
      }
    }
  }
  EXPECT_GT(finished, 900);
}

}  // namespace
}  // namespace bitnet

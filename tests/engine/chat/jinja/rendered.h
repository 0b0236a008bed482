// Renders a template in a test.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/chat/jinja/from_json.h"
#include "engine/chat/jinja/template.h"

namespace bitnet::jinja {

// `variables` is a JSON object; they come from a user.
inline absl::StatusOr<Text> Render(std::string_view source, std::string_view variables = "{}",
                                   const RenderOptions& options = {}) {
  absl::StatusOr<Template> parsed = Template::Parse(source);
  if (!parsed.ok()) {
    return parsed.status();
  }
  std::vector<std::pair<std::string, Value>> values;
  const auto object = nlohmann::ordered_json::parse(variables);
  for (const auto& [name, json] : object.items()) {
    values.emplace_back(name, *FromJson(json, Origin::kUser));
  }
  return parsed->Render(values, options);
}

// The text, or "error: " and the message.
inline std::string Rendered(std::string_view source, std::string_view variables = "{}",
                            const RenderOptions& options = {}) {
  const absl::StatusOr<Text> text = Render(source, variables, options);
  return text.ok() ? text->bytes() : "error: " + std::string(text.status().message());
}

// Templates and what becomes of them.
struct Case {
  std::string_view source;
  std::string_view wanted;
};

}  // namespace bitnet::jinja

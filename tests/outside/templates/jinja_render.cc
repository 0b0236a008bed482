// Renders templates for programs that compare: reads a JSON object a line, {"template": "...", "variables":
// {...}}, and answers each with a line, {"text": "..."} or {"error": "..."}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/from_json.h"
#include "engine/chat/jinja/template.h"

namespace bitnet {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> Render(const Json& request) {
  ASSIGN_OR_RETURN(const jinja::Template parsed,
                   jinja::Template::Parse(request["template"].get_ref<const std::string&>()));
  std::vector<std::pair<std::string, jinja::Value>> variables;
  for (const auto& [name, json] : request["variables"].items()) {
    ASSIGN_OR_RETURN(jinja::Value value, jinja::FromJson(json, jinja::Origin::kUser));
    variables.emplace_back(name, std::move(value));
  }
  ASSIGN_OR_RETURN(
      const jinja::Text text,
      parsed.Render(variables, {.work = 100'000'000, .now = absl::Now(), .zone = absl::LocalTimeZone()}));
  return text.bytes();
}

}  // namespace
}  // namespace bitnet

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const absl::StatusOr<std::string> text = bitnet::Render(bitnet::Json::parse(line));
    const bitnet::Json answer = text.ok() ? bitnet::Json{{"text", *text}}
                                          : bitnet::Json{{"error", std::string(text.status().message())}};
    std::cout << answer.dump(-1, ' ', false, bitnet::Json::error_handler_t::replace) << '\n' << std::flush;
  }
  return 0;
}

#include "service/openai/tool_choice.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace bitnet::openai {
namespace {

// The tools, or null if one of them is none.
const Json* ReadFunctions(JsonFields& fields) {
  const Json* const tools = fields.Array("tools");
  if (tools == nullptr || tools->empty()) {
    return nullptr;
  }
  for (const Json& tool : *tools) {
    if (!tool.is_object() || tool.value("type", "") != "function" || !tool.contains("function") ||
        !tool["function"].is_object() || !tool["function"].contains("name") ||
        !tool["function"]["name"].is_string()) {
      fields.Refuse("tools", "wanted objects of type \"function\" whose \"function\" has a \"name\"");
      return nullptr;
    }
  }
  return tools;
}

struct Choice {
  bool none = false;
  bool forced = false;
  std::string name = {};  // Of the one that is forced; "": any.
};

Choice ReadChoice(JsonFields& fields) {
  constexpr char kWanted[] =
      "wanted \"none\", \"auto\", \"required\" or {\"type\": \"function\", \"function\": {\"name\": ...}}";
  const Json* const choice = fields.Any("tool_choice");
  if (choice == nullptr || *choice == "auto") {
    return {};
  }
  if (*choice == "none") {
    return {.none = true};
  }
  if (*choice == "required") {
    return {.forced = true};
  }
  if (choice->is_object() && choice->contains("function") && (*choice)["function"].is_object() &&
      (*choice)["function"].contains("name") && (*choice)["function"]["name"].is_string()) {
    return {.forced = true, .name = (*choice)["function"]["name"].get<std::string>()};
  }
  fields.Refuse("tool_choice", kWanted);
  return {};
}

Json WithName(const Json& tools, const std::string& name) {
  Json chosen = Json::array();
  for (const Json& tool : tools) {
    if (name.empty() || tool["function"]["name"] == name) {
      chosen.push_back(tool);
    }
  }
  return chosen;
}

void Force(JsonFields& fields, const Json& tools, const std::string& name, v1::GenerateRequest& request) {
  if (request.constraint_case() != v1::GenerateRequest::CONSTRAINT_NOT_SET) {
    fields.Refuse("tool_choice",
                  "wanted \"auto\" or \"none\" together with response_format, regex or grammar");
    return;
  }
  const Json chosen = WithName(tools, name);
  if (chosen.empty()) {
    fields.Refuse("tool_choice", "wanted the name of one of the tools");
    return;
  }
  const absl::StatusOr<Json> schema = CallSchema(chosen);
  if (!schema.ok()) {
    fields.found().Add("tools", std::string(schema.status().message()));
    return;
  }
  request.set_json_schema(Dump(*schema));
}

Json SchemaOf(const Json& function, Json parameters) {
  return {{"type", "object"},
          {"properties", {{"name", {{"const", function["name"]}}}, {"arguments", std::move(parameters)}}},
          {"required", {"name", "arguments"}},
          {"additionalProperties", false}};
}

}  // namespace

absl::StatusOr<Json> CallSchema(const Json& tools) {
  Json calls = Json::array();
  Json definitions;
  for (const Json& tool : tools) {
    const Json& function = tool["function"];
    Json parameters = function.value("parameters", Json{{"type", "object"}, {"properties", Json::object()}});
    // References start at the root of the document, which is not the parameters' any more.
    if (parameters.is_object() && parameters.contains("$defs")) {
      if (tools.size() > 1) {
        return absl::InvalidArgumentError(
            "have $defs, wanted none where one of several tools must be called: name one in tool_choice");
      }
      definitions = std::move(parameters["$defs"]);
      parameters.erase("$defs");
    }
    calls.push_back(SchemaOf(function, std::move(parameters)));
  }
  Json schema = calls.size() == 1 ? std::move(calls[0]) : Json{{"anyOf", std::move(calls)}};
  if (!definitions.is_null()) {
    schema["$defs"] = std::move(definitions);
  }
  return schema;
}

void ReadTools(JsonFields& fields, v1::GenerateRequest& request, CompletionRequest& out) {
  const Choice choice = ReadChoice(fields);
  const Json* const tools = ReadFunctions(fields);
  if (tools == nullptr) {
    if (choice.forced) {
      fields.Refuse("tool_choice", "wanted \"none\" or \"auto\" where there are no tools");
    }
    return;
  }
  if (choice.none) {
    return;
  }
  request.mutable_messages()->set_tools(Dump(*tools));
  out.tools = true;
  out.forced_call = choice.forced;
  if (choice.forced) {
    Force(fields, *tools, choice.name, request);
  }
}

}  // namespace bitnet::openai

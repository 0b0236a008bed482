// Which schemas others name, and which of them exclude each other.
#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "engine/grammar/schema_keywords.h"

namespace bitnet {
namespace {

constexpr int kMaxDepth = 8;  // Of references to references, and of properties of properties.

std::string UnescapePart(std::string_view part) {
  std::string text;
  for (size_t i = 0; i < part.size(); ++i) {
    int code = 0;
    if (part[i] == '%' && i + 2 < part.size() &&
        absl::SimpleHexAtoi(std::string(part.substr(i + 1, 2)), &code)) {
      text += static_cast<char>(code);
      i += 2;
    } else {
      text += part[i];
    }
  }
  return absl::StrReplaceAll(absl::StrReplaceAll(text, {{"~1", "/"}}), {{"~0", "~"}});
}

// As far as it can be seen, all that a schema accepts.
struct Accepted {
  bool known_types = false;
  std::set<JsonType> types;
  const SchemaJson* values = nullptr;  // A list.
};

Accepted WhatIsAccepted(const SchemaJson& schema) {
  Accepted accepted;
  const auto add = [&](const SchemaJson& name) {
    const auto type = name.is_string() ? JsonTypeCalled(name.get_ref<const std::string&>()) : std::nullopt;
    if (type.has_value()) {
      accepted.types.insert(*type);
      if (*type == JsonType::kNumber) {
        accepted.types.insert(JsonType::kInteger);
      }
    }
  };
  if (schema.contains("enum") && schema["enum"].is_array()) {
    accepted.values = &schema["enum"];
    accepted.known_types = true;
    for (const SchemaJson& value : schema["enum"]) {
      accepted.types.insert(JsonTypeOf(value));
    }
  } else if (schema.contains("type")) {
    accepted.known_types = true;
    if (schema["type"].is_array()) {
      std::ranges::for_each(schema["type"], add);
    } else {
      add(schema["type"]);
    }
  }
  return accepted;
}

bool Requires(const SchemaJson& schema, const std::string& name) {
  const auto required = schema.find("required");
  return required != schema.end() && required->is_array() &&
         std::ranges::any_of(*required, [&](const SchemaJson& other) { return other == name; });
}

const SchemaJson* Property(const SchemaJson& schema, const std::string& name) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) {
    return nullptr;
  }
  const auto property = properties->find(name);
  return property == properties->end() ? nullptr : &*property;
}

// Of two schemas of objects alone.
bool AreDisjointObjects(const SchemaJson& document, const SchemaJson& a, const SchemaJson& b, int depth) {
  if (!a.contains("required") || !a["required"].is_array()) {
    return false;
  }
  return std::ranges::any_of(a["required"], [&](const SchemaJson& required) {
    if (!required.is_string()) {
      return false;
    }
    const std::string& name = required.get_ref<const std::string&>();
    const SchemaJson* in_a = Property(a, name);
    const SchemaJson* in_b = Property(b, name);
    if (in_b == nullptr) {
      return b.contains("additionalProperties") && b["additionalProperties"] == false;
    }
    return in_a != nullptr && Requires(b, name) && AreDisjoint(document, *in_a, *in_b, depth + 1);
  });
}

}  // namespace

const SchemaJson* FindSchema(const SchemaJson& document, std::string_view reference) {
  if (!reference.starts_with("#") || (reference.size() > 1 && reference[1] != '/')) {
    return nullptr;
  }
  const SchemaJson* at = &document;
  for (reference.remove_prefix(1); !reference.empty();) {
    reference.remove_prefix(1);
    const size_t end = std::min(reference.find('/'), reference.size());
    const std::string part = UnescapePart(reference.substr(0, end));
    reference.remove_prefix(end);
    size_t index = 0;
    if (at->is_object() && at->contains(part)) {
      at = &(*at)[part];
    } else if (at->is_array() && absl::SimpleAtoi(part, &index) && index < at->size()) {
      at = &(*at)[index];
    } else {
      return nullptr;
    }
  }
  return at;
}

bool AreDisjoint(const SchemaJson& document, const SchemaJson& a, const SchemaJson& b, int depth) {
  if (a == false || b == false) {
    return true;
  }
  if (!a.is_object() || !b.is_object() || depth > kMaxDepth) {
    return false;
  }
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    if (one->contains("$ref") && (*one)["$ref"].is_string()) {
      const SchemaJson* target = FindSchema(document, (*one)["$ref"].get_ref<const std::string&>());
      return target != nullptr && AreDisjoint(document, *target, *other, depth + 1);
    }
    if (one->contains("const")) {
      SchemaJson values = *one;
      values["enum"] = SchemaJson::array({(*one)["const"]});
      values.erase("const");
      return AreDisjoint(document, values, *other, depth + 1);
    }
    for (const char* choice : {"anyOf", "oneOf"}) {
      if (one->contains(choice) && (*one)[choice].is_array()) {
        return std::ranges::all_of((*one)[choice], [&, against = other](const SchemaJson& alternative) {
          return AreDisjoint(document, alternative, *against, depth + 1);
        });
      }
    }
  }
  const Accepted in_a = WhatIsAccepted(a);
  const Accepted in_b = WhatIsAccepted(b);
  if (in_a.values != nullptr && in_b.values != nullptr) {
    return std::ranges::none_of(*in_a.values, [&](const SchemaJson& value) {
      return std::ranges::find(*in_b.values, value) != in_b.values->end();
    });
  }
  if (!in_a.known_types || !in_b.known_types) {
    return false;
  }
  if (std::ranges::none_of(in_a.types, [&](JsonType type) { return in_b.types.contains(type); })) {
    return true;
  }
  const std::set<JsonType> object = {JsonType::kObject};
  return in_a.types == object && in_b.types == object &&
         (AreDisjointObjects(document, a, b, depth) || AreDisjointObjects(document, b, a, depth));
}

}  // namespace bitnet

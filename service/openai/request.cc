#include "service/openai/request.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bitnet::openai {
namespace {

constexpr int64_t kMaxTokens = std::numeric_limits<int32_t>::max();

void ReadSampling(JsonFields& fields, v1::Sampling& sampling) {
  // OpenAI's default is 1, where ours is 0.
  sampling.set_temperature(static_cast<float>(fields.Number("temperature").value_or(1)));
  const auto read = [&fields](const char* name, auto set) {
    if (const std::optional<double> value = fields.Number(name)) {
      set(static_cast<float>(*value));
    }
  };
  read("top_p", [&](float value) { sampling.set_top_p(value); });
  read("min_p", [&](float value) { sampling.set_min_p(value); });
  read("repetition_penalty", [&](float value) { sampling.set_repetition_penalty(value); });
  read("presence_penalty", [&](float value) { sampling.set_presence_penalty(value); });
  read("frequency_penalty", [&](float value) { sampling.set_frequency_penalty(value); });
  if (const std::optional<int64_t> top_k = fields.Integer("top_k", 0, kMaxTokens)) {
    sampling.set_top_k(static_cast<uint32_t>(*top_k));
  }
  if (const std::optional<int64_t> seed =
          fields.Integer("seed", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())) {
    sampling.set_seed(static_cast<uint64_t>(*seed));
  }
}

void ReadLimits(JsonFields& fields, v1::GenerateRequest& request) {
  std::optional<int64_t> max_tokens = fields.Integer("max_completion_tokens", 1, kMaxTokens);
  if (!max_tokens.has_value()) {
    max_tokens = fields.Integer("max_tokens", 1, kMaxTokens);
  }
  if (max_tokens.has_value()) {
    request.set_max_tokens(static_cast<uint32_t>(*max_tokens));
  }
  request.set_min_tokens(static_cast<uint32_t>(fields.Integer("min_tokens", 0, kMaxTokens).value_or(0)));
  request.set_ignore_eos(fields.Bool("ignore_eos").value_or(false));
  if (const std::optional<double> seconds = fields.Number("time_limit_seconds")) {
    request.set_time_limit_seconds(*seconds);
  }
  for (std::string& stop : fields.Strings("stop")) {
    request.add_stop(std::move(stop));
  }
}

void ReadResponseFormat(JsonFields& fields, v1::GenerateRequest& request) {
  const Json* const format = fields.Object("response_format");
  if (format == nullptr) {
    return;
  }
  JsonFields inner(*format, "response_format", fields.found());
  const std::string type = inner.String("type").value_or("");
  if (type == "json_object") {
    request.set_json_object(true);
  } else if (type == "json_schema") {
    const Json* const named = inner.Object("json_schema");
    JsonFields schema(named == nullptr ? *format : *named, "response_format.json_schema", fields.found());
    if (const Json* const text = named == nullptr ? nullptr : schema.Object("schema")) {
      request.set_json_schema(Dump(*text));
    } else {
      schema.Refuse("schema", "wanted a JSON Schema");
    }
  } else if (type != "text") {
    inner.Refuse("type", "wanted \"text\", \"json_object\" or \"json_schema\"");
  }
}

void ReadConstraint(JsonFields& fields, v1::GenerateRequest& request) {
  ReadResponseFormat(fields, request);
  const auto add = [&](const char* name, auto set) {
    if (std::optional<std::string> text = fields.String(name)) {
      if (request.constraint_case() != v1::GenerateRequest::CONSTRAINT_NOT_SET) {
        fields.Refuse(name, "wanted one of response_format, regex and grammar");
      }
      set(*std::move(text));
    }
  };
  add("regex", [&](std::string text) { request.set_regex(std::move(text)); });
  add("grammar", [&](std::string text) { request.set_grammar(std::move(text)); });
}

void ReadStreaming(JsonFields& fields, CompletionRequest& out) {
  out.stream = fields.Bool("stream").value_or(false);
  const Json* const options = fields.Object("stream_options");
  if (options != nullptr && !out.stream) {
    fields.Refuse("stream_options", "wanted only together with \"stream\": true");
  } else if (options != nullptr) {
    JsonFields inner(*options, "stream_options", fields.found());
    out.include_usage = inner.Bool("include_usage").value_or(false);
  }
}

// What would change the answer if we had it.
void RefuseUnknown(JsonFields& fields) {
  for (const char* name : {"logit_bias", "functions", "audio", "prediction", "web_search_options"}) {
    const Json* const value = fields.Any(name);
    if (value != nullptr && !value->empty()) {
      fields.Refuse(name, "wanted none: this server does not have it");
    }
  }
}

}  // namespace

v1::Priority ReadPriority(JsonFields& fields) {
  const std::string priority = fields.String("priority").value_or("normal");
  if (priority == "interactive") {
    return v1::PRIORITY_INTERACTIVE;
  }
  if (priority == "background") {
    return v1::PRIORITY_BACKGROUND;
  }
  if (priority != "normal") {
    fields.Refuse("priority", "wanted \"interactive\", \"normal\" or \"background\"");
  }
  return v1::PRIORITY_NORMAL;
}

v1::GenerateRequest ReadCommon(JsonFields& fields, CompletionRequest& out) {
  v1::GenerateRequest request;
  request.set_model(fields.String("model").value_or(""));
  ReadSampling(fields, *request.mutable_sampling());
  ReadLimits(fields, request);
  request.set_priority(ReadPriority(fields));
  ReadConstraint(fields, request);
  ReadStreaming(fields, out);
  RefuseUnknown(fields);
  out.n = static_cast<int>(fields.Integer("n", 1, kMaxChoices).value_or(1));
  return request;
}

}  // namespace bitnet::openai

#include "engine/huggingface/tokenizer/token_roles.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/huggingface/tokenizer/json_builder.h"

namespace bitnet {
namespace {

using nlohmann::json;

// A special token in these files is a text, or an object with the text as "content".
std::string_view TokenAt(const json& object, std::string_view key) {
  const std::string_view text = StringAt(object, key);
  return text.empty() ? StringAt(ValueAt(object, key), "content") : text;
}

// An id, or a list of them. Those that are no token are left out.
std::vector<int64_t> IdsAt(const json& object, std::string_view key, const TokenList& tokens) {
  std::vector<int64_t> ids;
  const auto add = [&](const json& value) {
    if (value.is_number_unsigned() && value.get<uint64_t>() < tokens.vocab_size) {
      ids.push_back(value.get<int64_t>());
    }
  };
  const json& value = ValueAt(object, key);
  if (value.is_array()) {
    std::ranges::for_each(value, add);
  } else {
    add(value);
  }
  return ids;
}

// Whether the template of the post-processor puts `bos` in front of a text; nothing where there is no
// template.
std::optional<bool> TemplateAddsBos(const json& processor, std::string_view bos) {
  if (StringAt(processor, "type") == "Sequence") {
    const json& parts = ValueAt(processor, "processors");
    for (size_t i = 0; parts.is_array() && i < parts.size(); ++i) {
      if (const auto adds = TemplateAddsBos(parts[i], bos)) {
        return adds;
      }
    }
    return std::nullopt;
  }
  const json& single = ValueAt(processor, "single");
  if (StringAt(processor, "type") != "TemplateProcessing" || !single.is_array() || single.empty()) {
    return std::nullopt;
  }
  return !bos.empty() && StringAt(ValueAt(single[0], "SpecialToken"), "id") == bos;
}

bool AddsBos(const TokenizerFiles& files, std::string_view bos, const ModelKeys& keys) {
  if (const json& says = ValueAt(files.tokenizer_config, "add_bos_token"); says.is_boolean()) {
    return says.get<bool>();
  }
  if (const auto adds = TemplateAddsBos(ValueAt(files.tokenizer, "post_processor"), bos)) {
    return *adds;
  }
  // SentencePiece's tokenizers do, where nothing is said.
  const auto model = keys.find("tokenizer.ggml.model");
  return !files.tokenizer.is_object() && model != keys.end() &&
         model->second == ModelValue(std::string("llama"));
}

void WriteEnds(const TokenizerFiles& files, const TokenList& tokens, ModelKeys& keys) {
  std::vector<int64_t> ends;
  if (const auto eos = keys.find("tokenizer.ggml.eos_token_id"); eos != keys.end()) {
    ends.push_back(static_cast<int64_t>(std::get<uint64_t>(eos->second)));
  }
  for (const json* file : {&files.generation_config, &files.config}) {
    for (const int64_t id : IdsAt(*file, "eos_token_id", tokens)) {
      if (std::ranges::find(ends, id) == ends.end()) {
        ends.push_back(id);
      }
    }
  }
  if (ends.size() > 1) {
    keys["tokenizer.ggml.eos_token_ids"] = std::move(ends);
  }
}

}  // namespace

void WriteTokenRoles(const TokenizerFiles& files, const TokenList& tokens, ModelKeys& keys) {
  constexpr struct {
    const char* role;
    const char* key;
  } kRoles[] = {{"bos_token", "tokenizer.ggml.bos_token_id"},
                {"eos_token", "tokenizer.ggml.eos_token_id"},
                {"unk_token", "tokenizer.ggml.unknown_token_id"},
                {"pad_token", "tokenizer.ggml.padding_token_id"}};
  for (const auto& [role, key] : kRoles) {
    std::optional<int32_t> id = tokens.Find(TokenAt(files.tokenizer_config, role));
    if (!id.has_value()) {
      id = tokens.Find(TokenAt(files.special_tokens_map, role));
    }
    if (id.has_value()) {
      keys[key] = static_cast<uint64_t>(*id);
      continue;
    }
    for (const json* file : {&files.config, &files.generation_config}) {
      const std::vector<int64_t> ids = IdsAt(*file, absl::StrCat(role, "_id"), tokens);
      if (!ids.empty() && !keys.contains(key)) {
        keys[key] = static_cast<uint64_t>(ids[0]);
      }
    }
  }
  std::string_view bos;
  if (const auto it = keys.find("tokenizer.ggml.bos_token_id"); it != keys.end()) {
    bos = tokens.texts[std::get<uint64_t>(it->second)];
  }
  keys["tokenizer.ggml.add_bos_token"] = !bos.empty() && AddsBos(files, bos, keys);
  WriteEnds(files, tokens, keys);
}

void WriteChatTemplate(const json& tokenizer_config, ModelKeys& keys) {
  const json& value = ValueAt(tokenizer_config, "chat_template");
  std::string_view text = StringAt(tokenizer_config, "chat_template");
  for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
    if (StringAt(value[i], "name") == "default") {
      text = StringAt(value[i], "template");
    }
  }
  if (!text.empty()) {
    keys["tokenizer.chat_template"] = std::string(text);
  }
}

}  // namespace bitnet

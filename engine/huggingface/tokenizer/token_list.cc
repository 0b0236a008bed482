#include "engine/huggingface/tokenizer/token_list.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/huggingface/tokenizer/json_builder.h"

namespace bitnet {

absl::Status TokenList::Set(uint64_t id, std::string_view text, TokenType type, double score) {
  if (id >= vocab_size) {
    return absl::DataLossError(absl::StrFormat("%s has token '%s' with id %d; the model has %d tokens", name,
                                               text.substr(0, 100), id, vocab_size));
  }
  if (id >= texts.size()) {
    texts.resize(id + 1);
    types.resize(id + 1, TokenType::kUnused);
    scores.resize(id + 1);
  }
  texts[id] = text;
  types[id] = type;
  scores[id] = score;
  return absl::OkStatus();
}

absl::Status TokenList::SetAdded(uint64_t id, const nlohmann::json& token) {
  const nlohmann::json& content = ValueAt(token, "content");
  if (!content.is_string()) {
    return absl::DataLossError(absl::StrFormat("%s has an added token with id %d without content", name, id));
  }
  const std::string_view text = StringAt(token, "content");
  for (const char* key : {"lstrip", "rstrip", "single_word"}) {
    if (TrueAt(token, key)) {
      return absl::UnimplementedError(absl::StrFormat(
          "%s has an added token '%s' with %s, which is not known", name, text.substr(0, 100), key));
    }
  }
  const bool control = TrueAt(token, "special") || LooksLikeMarker(text);
  const bool unknown = control && id < types.size() && types[id] == TokenType::kUnknown;
  return Set(id, text,
             unknown   ? TokenType::kUnknown
             : control ? TokenType::kControl
                       : TokenType::kUserDefined,
             id < scores.size() ? scores[id] : 0);
}

void TokenList::FillGaps() {
  texts.resize(vocab_size);
  types.resize(vocab_size, TokenType::kUnused);
  scores.resize(vocab_size);
  for (size_t id = 0; id < vocab_size; ++id) {
    if (types[id] == TokenType::kUnused && texts[id].empty()) {
      texts[id] = absl::StrCat("[PAD", id, "]");
    }
  }
}

std::optional<int32_t> TokenList::Find(std::string_view text) const {
  const auto found = std::find(texts.rbegin(), texts.rend(), text);
  if (text.empty() || found == texts.rend()) {
    return std::nullopt;
  }
  return static_cast<int32_t>(texts.rend() - found) - 1;
}

void TokenList::Write(ModelKeys& keys) && {
  std::vector<int64_t> numbers;
  numbers.reserve(types.size());
  for (const TokenType type : types) {
    numbers.push_back(static_cast<int64_t>(type));
  }
  keys["tokenizer.ggml.tokens"] = std::move(texts);
  keys["tokenizer.ggml.token_type"] = std::move(numbers);
  if (has_scores) {
    keys["tokenizer.ggml.scores"] = std::move(scores);
  }
}

}  // namespace bitnet

#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr std::string_view kAddBosKey = "tokenizer.ggml.add_bos_token";
constexpr std::string_view kEndIdsKey = "tokenizer.ggml.eos_token_ids";

// Each is looked for among all others. Known models have up to ten.
constexpr size_t kMaxEndIds = 1000;

// In the models that people have, these end an answer, whatever else the file calls its end.
constexpr std::string_view kEndTexts[] = {
    kEndOfTurn,      "<|eom_id|>", "<|im_end|>",    "<|end_of_text|>",
    "<|endoftext|>", "<|end|>",    "<end_of_turn>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
};

absl::Status Wrong(const ModelFile& file, std::string_view key, const std::string& problem) {
  return absl::DataLossError(absl::StrFormat("%s: key '%s' %s", file.path(), key, problem));
}

absl::Status CheckLength(const ModelFile& file, std::string_view key, size_t found, size_t wanted) {
  if (found != wanted) {
    return Wrong(file, key,
                 absl::StrFormat("has %d items; %d were wanted, one for each token", found, wanted));
  }
  return absl::OkStatus();
}

bool EndsAnswers(std::string_view text) { return std::ranges::find(kEndTexts, text) != std::end(kEndTexts); }

absl::StatusOr<TokenType> ReadType(const ModelFile& file, int64_t number, size_t id, std::string_view text) {
  if (number < 0 || number > static_cast<int64_t>(TokenType::kByte)) {
    return Wrong(file, kTypesKey,
                 absl::StrFormat("has type %d for token %d; 0 to 6 were wanted", number, id));
  }
  const auto type = static_cast<TokenType>(number);
  const bool is_marker =
      text == kEndOfTurn || (type == TokenType::kUserDefined && (LooksLikeMarker(text) || EndsAnswers(text)));
  return is_marker ? TokenType::kControl : type;
}

absl::Status ReadTokens(const ModelFile& file, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(const auto texts, file.GetStrings(kTokensKey));
  if (texts.empty() || texts.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Wrong(file, kTokensKey, absl::StrFormat("has %d items", texts.size()));
  }
  if (file.Has(kScoresKey)) {
    ASSIGN_OR_RETURN(const auto scores, file.GetFloats(kScoresKey));
    RETURN_IF_ERROR(CheckLength(file, kScoresKey, scores.size(), texts.size()));
  }
  std::span<const int64_t> types;
  if (file.Has(kTypesKey)) {
    ASSIGN_OR_RETURN(types, file.GetInts(kTypesKey));
    RETURN_IF_ERROR(CheckLength(file, kTypesKey, types.size(), texts.size()));
  }
  vocabulary.tokens.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    const int64_t number = types.empty() ? static_cast<int64_t>(TokenType::kNormal) : types[id];
    ASSIGN_OR_RETURN(const TokenType type, ReadType(file, number, id, texts[id]));
    vocabulary.tokens.push_back({texts[id], type});
  }
  return absl::OkStatus();
}

// The token that `key` names, if the file has it.
absl::StatusOr<std::optional<int32_t>> ReadTokenId(const ModelFile& file, std::string_view key,
                                                   const Vocabulary& vocabulary,
                                                   std::optional<int32_t> otherwise) {
  const size_t vocab_size = vocabulary.tokens.size();
  if (!file.Has(key)) {
    const bool fits = otherwise.has_value() && static_cast<size_t>(*otherwise) < vocab_size &&
                      vocabulary.tokens[*otherwise].type != TokenType::kNormal;
    return fits ? otherwise : std::nullopt;
  }
  ASSIGN_OR_RETURN(const uint64_t id, file.GetUint(key));
  if (id >= vocab_size) {
    return Wrong(file, key, absl::StrFormat("is %d; there are %d tokens", id, vocab_size));
  }
  return static_cast<int32_t>(id);
}

absl::Status ReadBos(const ModelFile& file, const VocabularyDefaults& defaults, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(vocabulary.bos_id,
                   ReadTokenId(file, "tokenizer.ggml.bos_token_id", vocabulary, defaults.bos_id));
  vocabulary.adds_bos = defaults.adds_bos && vocabulary.bos_id.has_value();
  if (file.Has(kAddBosKey)) {
    ASSIGN_OR_RETURN(vocabulary.adds_bos, file.GetBool(kAddBosKey));
    if (vocabulary.adds_bos && !vocabulary.bos_id.has_value()) {
      return Wrong(file, kAddBosKey, "is true, but there is no key 'tokenizer.ggml.bos_token_id'");
    }
  }
  return absl::OkStatus();
}

void AddEnd(std::optional<int32_t> id, Vocabulary& vocabulary) {
  if (!id.has_value() || std::ranges::find(vocabulary.end_ids, *id) != vocabulary.end_ids.end()) {
    return;
  }
  vocabulary.end_ids.push_back(*id);
  if (TokenType& type = vocabulary.tokens[*id].type; type == TokenType::kUserDefined) {
    type = TokenType::kControl;
  }
}

absl::Status ReadEnds(const ModelFile& file, const VocabularyDefaults& defaults, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(vocabulary.eos_id,
                   ReadTokenId(file, "tokenizer.ggml.eos_token_id", vocabulary, defaults.eos_id));
  AddEnd(vocabulary.eos_id, vocabulary);
  for (const std::string_view key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    ASSIGN_OR_RETURN(const auto id, ReadTokenId(file, key, vocabulary, std::nullopt));
    AddEnd(id, vocabulary);
  }
  if (file.Has(kEndIdsKey)) {
    ASSIGN_OR_RETURN(const auto ids, file.GetInts(kEndIdsKey));
    if (ids.size() > kMaxEndIds) {
      return Wrong(file, kEndIdsKey,
                   absl::StrFormat("has %d items; at most %d were wanted", ids.size(), kMaxEndIds));
    }
    for (const int64_t id : ids) {
      if (id < 0 || static_cast<size_t>(id) >= vocabulary.tokens.size()) {
        return Wrong(file, kEndIdsKey,
                     absl::StrFormat("has %d; there are %d tokens", id, vocabulary.tokens.size()));
      }
      AddEnd(static_cast<int32_t>(id), vocabulary);
    }
  }
  // In the order of the list, so that every file of a model has its ends in one order.
  std::array<std::optional<int32_t>, std::size(kEndTexts)> by_text;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const Vocabulary::Token& token = vocabulary.tokens[id];
    if (token.type == TokenType::kControl) {
      const auto* const it = std::ranges::find(kEndTexts, token.text);
      if (it != std::end(kEndTexts)) {
        by_text[it - kEndTexts] = static_cast<int32_t>(id);
      }
    }
  }
  for (const std::optional<int32_t> id : by_text) {
    AddEnd(id, vocabulary);
  }
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeMarker(std::string_view text) {
  return text.size() > 4 && text.starts_with("<|") && text.ends_with("|>");
}

absl::StatusOr<Vocabulary> ReadVocabulary(const ModelFile& file, const VocabularyDefaults& defaults) {
  Vocabulary vocabulary;
  RETURN_IF_ERROR(ReadTokens(file, vocabulary));
  RETURN_IF_ERROR(ReadBos(file, defaults, vocabulary));
  RETURN_IF_ERROR(ReadEnds(file, defaults, vocabulary));
  ASSIGN_OR_RETURN(vocabulary.unknown_id,
                   ReadTokenId(file, "tokenizer.ggml.unknown_token_id", vocabulary, defaults.unknown_id));
  return vocabulary;
}

absl::StatusOr<IdByText> ReadIds(const ModelFile& file) {
  ASSIGN_OR_RETURN(const auto texts, file.GetStrings(kTokensKey));
  IdByText ids;
  ids.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    ids.try_emplace(texts[id], static_cast<int32_t>(id));
  }
  return ids;
}

}  // namespace bitnet

#include "engine/huggingface/tokenizer/byte_pair_keys.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/json_builder.h"
#include "engine/huggingface/tokenizer/pipeline.h"

namespace bitnet {
namespace {

using nlohmann::json;

// <0x00> to <0xFF>.
bool IsByteToken(std::string_view text) {
  const auto is_hex = [](char c) { return absl::ascii_isdigit(c) || (c >= 'A' && c <= 'F'); };
  return text.size() == 6 && text.starts_with("<0x") && is_hex(text[3]) && is_hex(text[4]) && text[5] == '>';
}

absl::Status AddVocabulary(const TokenizerJson& file, const HfPipeline& pipeline, TokenList& tokens) {
  const json& model = ValueAt(file.rest, "model");
  const bool has_bytes = pipeline.sentencepiece && TrueAt(model, "byte_fallback");
  const std::string_view unknown = StringAt(model, "unk_token");
  for (const auto& [text, id] : file.vocab) {
    if (id < tokens.types.size() && tokens.types[id] != TokenType::kUnused) {
      return absl::DataLossError(absl::StrFormat("%s has '%s' and '%s' with one id, %d", tokens.name,
                                                 tokens.texts[id].substr(0, 100), text.substr(0, 100), id));
    }
    const TokenType type = has_bytes && IsByteToken(text)              ? TokenType::kByte
                           : pipeline.sentencepiece && text == unknown ? TokenType::kUnknown
                                                                       : TokenType::kNormal;
    RETURN_IF_ERROR(tokens.Set(id, text, type));
  }
  for (const json& token : ValueAt(file.rest, "added_tokens")) {
    const json& id = ValueAt(token, "id");
    if (!id.is_number_unsigned()) {
      return absl::DataLossError(absl::StrCat(tokens.name, " has an added token without id"));
    }
    RETURN_IF_ERROR(tokens.SetAdded(id.get<uint64_t>(), token));
  }
  return absl::OkStatus();
}

std::vector<double> ScoresOf(const std::vector<std::string>& merges, const TokenList& tokens) {
  absl::flat_hash_map<std::string, double> by_text;
  by_text.reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    std::string text = merges[rank];
    text.erase(text.find(' ', 1), 1);
    by_text.try_emplace(std::move(text), -static_cast<double>(rank));
  }
  // What no merge makes comes last.
  std::vector<double> scores(tokens.texts.size(), -static_cast<double>(merges.size()));
  for (size_t id = 0; id < scores.size(); ++id) {
    if (const auto it = by_text.find(tokens.texts[id]); it != by_text.end()) {
      scores[id] = it->second;
    }
  }
  return scores;
}

}  // namespace

absl::Status WriteBytePairKeys(TokenizerJson file, TokenList& tokens, ModelKeys& keys) {
  ASSIGN_OR_RETURN(const HfPipeline pipeline, ReadPipeline(file.rest, tokens.name));
  RETURN_IF_ERROR(AddVocabulary(file, pipeline, tokens));
  if (pipeline.sentencepiece) {
    keys["tokenizer.ggml.model"] = std::string("llama");
    keys["tokenizer.ggml.add_space_prefix"] = pipeline.adds_space;
    tokens.scores = ScoresOf(file.merges, tokens);
    tokens.has_scores = true;
  } else {
    keys["tokenizer.ggml.model"] = std::string("gpt2");
    keys["tokenizer.ggml.pre"] = PretokenizerName(pipeline.kind);
  }
  keys["tokenizer.ggml.merges"] = std::move(file.merges);
  return absl::OkStatus();
}

}  // namespace bitnet

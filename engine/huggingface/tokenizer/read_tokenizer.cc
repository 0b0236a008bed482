#include "engine/huggingface/tokenizer/read_tokenizer.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/byte_pair_keys.h"
#include "engine/huggingface/tokenizer/json_builder.h"
#include "engine/huggingface/tokenizer/sentencepiece_keys.h"
#include "engine/huggingface/tokenizer/sentencepiece_model.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/huggingface/tokenizer/token_roles.h"
#include "engine/huggingface/tokenizer/tokenizer_json.h"
#include "engine/model/mapping.h"

namespace bitnet {
namespace {

using nlohmann::json;

std::string PathOf(const std::string& directory, std::string_view name) {
  return absl::StrCat(directory, directory.ends_with('/') ? "" : "/", std::string(name));
}

std::string_view TextOf(const Mapping& mapping) {
  return {reinterpret_cast<const char*>(mapping.bytes().data()), mapping.bytes().size()};
}

// Nothing if there is no such file.
absl::StatusOr<std::optional<Mapping>> ReadIfThere(const std::string& path) {
  absl::StatusOr<Mapping> mapping = Mapping::ReadFile(path);
  if (absl::IsNotFound(mapping.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(mapping.status());
  return *std::move(mapping);
}

// An empty object if there is no such file.
absl::StatusOr<json> ReadJson(const std::string& directory, std::string_view name) {
  const std::string path = PathOf(directory, name);
  ASSIGN_OR_RETURN(const std::optional<Mapping> file, ReadIfThere(path));
  return file.has_value() ? ParseJson(TextOf(*file), path) : json::object();
}

// From tokenizer.json.
absl::Status ReadBytePairs(const Mapping& file, const std::string& path, size_t vocab_size,
                           TokenizerFiles& files, TokenList& tokens, ModelKeys& keys) {
  tokens = TokenList(vocab_size, path);
  ASSIGN_OR_RETURN(TokenizerJson contents, ParseTokenizerJson(TextOf(file), path));
  files.tokenizer = contents.rest;
  return WriteBytePairKeys(std::move(contents), tokens, keys);
}

// Tokens that the two files beside tokenizer.model add to it.
absl::Status AddTokens(const std::string& directory, const TokenizerFiles& files, TokenList& tokens) {
  tokens.name = PathOf(directory, "added_tokens.json");
  ASSIGN_OR_RETURN(const json added, ReadJson(directory, "added_tokens.json"));
  for (const auto& [text, id] : added.items()) {
    if (id.is_number_unsigned()) {
      RETURN_IF_ERROR(tokens.SetAdded(id.get<uint64_t>(), json{{"content", text}}));
    }
  }
  tokens.name = PathOf(directory, "tokenizer_config.json");
  const json& decoder = ValueAt(files.tokenizer_config, "added_tokens_decoder");
  for (const auto& [key, token] : decoder.items()) {
    uint64_t id = 0;
    if (decoder.is_object() && absl::SimpleAtoi(key, &id)) {
      RETURN_IF_ERROR(tokens.SetAdded(id, token));
    }
  }
  return absl::OkStatus();
}

// From tokenizer.model.
absl::Status ReadPieces(const std::string& directory, const Mapping& file, const std::string& path,
                        size_t vocab_size, const TokenizerFiles& files, TokenList& tokens, ModelKeys& keys) {
  tokens = TokenList(vocab_size, path);
  ASSIGN_OR_RETURN(const SentencePieceModel model, ParseSentencePieceModel(file.bytes(), path));
  RETURN_IF_ERROR(WriteSentencePieceKeys(model, tokens, keys));
  return AddTokens(directory, files, tokens);
}

absl::Status ReadVocabulary(const std::string& directory, size_t vocab_size, TokenizerFiles& files,
                            TokenList& tokens, ModelKeys& keys) {
  const std::string json_path = PathOf(directory, "tokenizer.json");
  const std::string model_path = PathOf(directory, "tokenizer.model");
  ASSIGN_OR_RETURN(const std::optional<Mapping> json_file, ReadIfThere(json_path));
  ASSIGN_OR_RETURN(const std::optional<Mapping> model_file, ReadIfThere(model_path));
  if (json_file.has_value()) {
    const absl::Status status = ReadBytePairs(*json_file, json_path, vocab_size, files, tokens, keys);
    if (!absl::IsUnimplemented(status) || !model_file.has_value()) {
      return status;
    }
    files.tokenizer = json();
  }
  if (!model_file.has_value()) {
    return absl::NotFoundError(absl::StrCat(directory, " has neither tokenizer.json nor tokenizer.model"));
  }
  return ReadPieces(directory, *model_file, model_path, vocab_size, files, tokens, keys);
}

}  // namespace

absl::Status ReadHfTokenizer(const std::string& directory, size_t vocab_size, ModelKeys& keys) {
  TokenizerFiles files;
  ASSIGN_OR_RETURN(files.tokenizer_config, ReadJson(directory, "tokenizer_config.json"));
  ASSIGN_OR_RETURN(files.special_tokens_map, ReadJson(directory, "special_tokens_map.json"));
  ASSIGN_OR_RETURN(files.config, ReadJson(directory, "config.json"));
  ASSIGN_OR_RETURN(files.generation_config, ReadJson(directory, "generation_config.json"));
  TokenList tokens(vocab_size, directory);
  RETURN_IF_ERROR(ReadVocabulary(directory, vocab_size, files, tokens, keys));
  tokens.FillGaps();
  WriteTokenRoles(files, tokens, keys);
  WriteChatTemplate(files.tokenizer_config, keys);
  ASSIGN_OR_RETURN(const auto chat_template, ReadIfThere(PathOf(directory, "chat_template.jinja")));
  if (chat_template.has_value()) {
    keys["tokenizer.chat_template"] = std::string(TextOf(*chat_template));
  }
  std::move(tokens).Write(keys);
  return absl::OkStatus();
}

}  // namespace bitnet

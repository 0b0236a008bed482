#include "engine/huggingface/tokenizer/sentencepiece_keys.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

absl::Status CheckKnown(const SentencePieceModel& model, const std::string& name) {
  if (model.type != SentencePieceModel::kBpe) {
    return absl::UnimplementedError(
        absl::StrFormat("%s is a SentencePiece model of type %d (1 is unigram); only type 2, BPE, is known",
                        name, model.type));
  }
  const char* unknown = model.has_charsmap                 ? "rules that change characters"
                        : model.remove_extra_whitespaces   ? "removal of extra whitespace"
                        : !model.escape_whitespaces        ? "spaces that are not escaped"
                        : model.treat_whitespace_as_suffix ? "spaces as suffixes"
                                                           : nullptr;
  return unknown == nullptr ? absl::OkStatus()
                            : absl::UnimplementedError(absl::StrCat(name, " is a SentencePiece model with ",
                                                                    unknown, ", which is not known"));
}

}  // namespace

absl::Status WriteSentencePieceKeys(const SentencePieceModel& model, TokenList& tokens, ModelKeys& keys) {
  RETURN_IF_ERROR(CheckKnown(model, tokens.name));
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePieceModel::Piece& piece = model.pieces[id];
    RETURN_IF_ERROR(tokens.Set(id, piece.text, piece.type, piece.score));
  }
  tokens.has_scores = true;
  const struct {
    const char* key;
    int64_t id;
  } roles[] = {{"tokenizer.ggml.unknown_token_id", model.unk_id},
               {"tokenizer.ggml.bos_token_id", model.bos_id},
               {"tokenizer.ggml.eos_token_id", model.eos_id},
               {"tokenizer.ggml.padding_token_id", model.pad_id}};
  for (const auto& [key, id] : roles) {
    if (id >= 0 && static_cast<size_t>(id) < model.pieces.size()) {
      keys[key] = static_cast<uint64_t>(id);
    }
  }
  keys["tokenizer.ggml.model"] = std::string("llama");
  keys["tokenizer.ggml.add_space_prefix"] = model.add_dummy_prefix;
  return absl::OkStatus();
}

}  // namespace bitnet

#include "engine/tokenizer/tokenizer.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/tokenizer/pretokenizer_names.h"
#include "engine/tokenizer/spm_tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

namespace {

absl::StatusOr<std::unique_ptr<Tokenizer>> MakeBpeTokenizer(const ModelFile& file) {
  std::string pre;
  if (file.Has("tokenizer.ggml.pre")) {
    ASSIGN_OR_RETURN(pre, file.GetString("tokenizer.ggml.pre"));
  }
  const absl::StatusOr<PretokenizerKind> kind = FindPretokenizer(pre);
  if (!kind.ok()) {
    return absl::Status(kind.status().code(), absl::StrCat(file.path(), ": ", kind.status().message()));
  }
  ASSIGN_OR_RETURN(Pretokenizer pretokenizer, Pretokenizer::Create(kind->steps));
  ASSIGN_OR_RETURN(BpeVocabulary vocabulary, ReadBpeVocabulary(file, {.adds_bos = kind->adds_bos}));
  return std::make_unique<BpeTokenizer>(std::move(vocabulary), *kind, std::move(pretokenizer));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::FromGguf(const ModelFile& file) {
  ASSIGN_OR_RETURN(const std::string model, file.GetString("tokenizer.ggml.model"));
  if (model == "gpt2") {
    return MakeBpeTokenizer(file);
  }
  if (model == "llama") {
    ASSIGN_OR_RETURN(SpmVocabulary vocabulary, ReadSpmVocabulary(file));
    return std::make_unique<SpmTokenizer>(std::move(vocabulary));
  }
  return absl::UnimplementedError(
      absl::StrFormat("%s: key 'tokenizer.ggml.model' is '%s'; only 'gpt2' (byte-level BPE) and 'llama' "
                      "(SentencePiece of type BPE) are known",
                      file.path(), model));
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, SpecialTokens special) const {
  const TextRange whole = {0, text.size()};
  return EncodeAround(text,
                      special == SpecialTokens::kPlain ? std::span(&whole, 1) : std::span<const TextRange>());
}

std::vector<int32_t> Tokenizer::EncodePrompt(std::string_view text) const {
  std::vector<int32_t> ids = Encode(text, SpecialTokens::kPlain);
  if (adds_bos()) {
    ids.insert(ids.begin(), *bos_id());
  }
  return ids;
}

std::string Tokenizer::Decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) {
    text += TokenBytes(id);
  }
  if (adds_space() && text.starts_with(' ')) {
    text.erase(0, 1);
  }
  return text;
}

}  // namespace bitnet

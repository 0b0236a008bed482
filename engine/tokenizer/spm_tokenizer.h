// SentencePiece models of type BPE, such as Llama 2's.
#pragma once

#include <memory>

#include "engine/model/model_file.h"
#include "engine/tokenizer/special_token_splitter.h"
#include "engine/tokenizer/spm_vocabulary.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// Text between markers is encoded as a whole: a space in front of it where the model wants one, spaces as
// U+2581, characters merged into tokens. Invalid UTF-8 becomes byte tokens, so that any bytes come back as
// they were, except that U+2581 comes back as a space.
class SpmTokenizer : public Tokenizer {
 public:
  explicit SpmTokenizer(SpmVocabulary vocabulary);

  std::vector<int32_t> EncodeAround(std::string_view text, std::span<const TextRange> plain) const override;
  std::string_view TokenBytes(int32_t id) const override;
  std::string_view TokenText(int32_t id) const override;
  size_t vocab_size() const override { return vocabulary_.vocabulary.tokens.size(); }
  std::optional<int32_t> bos_id() const override { return vocabulary_.vocabulary.bos_id; }
  std::optional<int32_t> eos_id() const override { return vocabulary_.vocabulary.eos_id; }
  bool adds_bos() const override { return vocabulary_.vocabulary.adds_bos; }
  bool adds_space() const override { return vocabulary_.adds_space; }
  std::span<const int32_t> end_ids() const override { return vocabulary_.vocabulary.end_ids; }

 private:
  void EncodeText(std::string_view text, std::vector<int32_t>& ids) const;
  void AppendChar(std::string_view bytes, char32_t code, std::vector<int32_t>& symbols) const;

  const SpmVocabulary vocabulary_;
  const SpecialTokenSplitter splitter_;
};

}  // namespace bitnet

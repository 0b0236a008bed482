// Byte-level BPE, the tokenizer of GPT-2's descendants.
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "engine/tokenizer/bpe_vocabulary.h"
#include "engine/tokenizer/pretokenizer.h"
#include "engine/tokenizer/special_token_splitter.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// Any bytes come back as they were, unless the model wants Unicode's form C: then characters come back in
// that form. (And bytes without a token are lost; see BpeVocabulary.)
class BpeTokenizer : public Tokenizer {
 public:
  // `kind` is what `pretokenizer` was made from.
  BpeTokenizer(BpeVocabulary vocabulary, const PretokenizerKind& kind, Pretokenizer pretokenizer);

  std::vector<int32_t> EncodeAround(std::string_view text, std::span<const TextRange> plain) const override;
  std::string_view TokenBytes(int32_t id) const override;
  std::string_view TokenText(int32_t id) const override;
  size_t vocab_size() const override { return vocabulary_.vocabulary.tokens.size(); }
  std::optional<int32_t> bos_id() const override { return vocabulary_.vocabulary.bos_id; }
  std::optional<int32_t> eos_id() const override { return vocabulary_.vocabulary.eos_id; }
  bool adds_bos() const override { return vocabulary_.vocabulary.adds_bos; }
  bool adds_space() const override { return false; }
  std::span<const int32_t> end_ids() const override { return vocabulary_.vocabulary.end_ids; }

 private:
  void EncodeText(std::string_view text, std::vector<int32_t>& ids) const;

  const BpeVocabulary vocabulary_;
  const SpecialTokenSplitter splitter_;
  const bool nfc_;
  const Pretokenizer pretokenizer_;
  // Ids of ordinary tokens where words are looked up whole; keys live in vocabulary_.
  absl::flat_hash_map<std::string_view, int32_t> words_;
};

}  // namespace bitnet

// Byte-level BPE, the tokenizer of GPT-2's descendants.
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "engine/tokenizer/pretokenizer.h"
#include "engine/tokenizer/special_tokens.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

class BpeTokenizer : public Tokenizer {
 public:
  BpeTokenizer(Vocabulary vocabulary, Pretokenizer pretokenizer);

  std::vector<int32_t> Encode(std::string_view text, SpecialTokens special) const override;
  std::string_view TokenBytes(int32_t id) const override;
  std::string_view TokenText(int32_t id) const override;
  size_t vocab_size() const override { return vocabulary_.tokens.size(); }
  std::optional<int32_t> bos_id() const override { return vocabulary_.bos_id; }
  bool adds_bos() const override { return vocabulary_.adds_bos; }
  std::span<const int32_t> end_ids() const override { return vocabulary_.end_ids; }

 private:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const;

  const Vocabulary vocabulary_;
  const Pretokenizer pretokenizer_;
  SpecialTokenFinder special_tokens_;
  absl::flat_hash_map<std::string_view, int32_t> words_;  // Ids of ordinary tokens; keys live in vocabulary_.
};

}  // namespace bitnet

#include "engine/tokenizer/bpe_tokenizer.h"

#include <cassert>
#include <string>
#include <utility>

#include "engine/tokenizer/nfc.h"

namespace bitnet {

BpeTokenizer::BpeTokenizer(BpeVocabulary vocabulary, const PretokenizerKind& kind, Pretokenizer pretokenizer)
    : vocabulary_(std::move(vocabulary)),
      splitter_(vocabulary_.vocabulary),
      nfc_(kind.nfc),
      pretokenizer_(std::move(pretokenizer)) {
  if (!kind.whole_words) {
    return;
  }
  const std::vector<Vocabulary::Token>& tokens = vocabulary_.vocabulary.tokens;
  words_.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].type == TokenType::kNormal) {
      words_.try_emplace(tokens[id].text, static_cast<int32_t>(id));
    }
  }
}

std::vector<int32_t> BpeTokenizer::EncodeAround(std::string_view text,
                                                std::span<const TextRange> plain) const {
  std::vector<int32_t> ids;
  splitter_.Split(
      text, plain,
      [&](std::string_view between) {
        if (nfc_ && MayNeedNfc(between)) {
          EncodeText(NormalizeNfc(between), ids);
        } else {
          EncodeText(between, ids);
        }
      },
      [&](int32_t id) { ids.push_back(id); });
  return ids;
}

void BpeTokenizer::EncodeText(std::string_view text, std::vector<int32_t>& ids) const {
  BpeMerger merger(vocabulary_.merges);
  std::vector<int32_t> bytes;
  pretokenizer_.Split(text, [&](std::string_view word) {
    // A word that is a token is that token, even where merging would end elsewhere: "ignore_merges" in a
    // tokenizer.json.
    if (const auto it = words_.find(word); it != words_.end()) {
      ids.push_back(it->second);
      return;
    }
    bytes.clear();
    for (const char byte : word) {
      if (const int32_t id = vocabulary_.byte_ids[static_cast<uint8_t>(byte)]; id >= 0) {
        bytes.push_back(id);
      }
    }
    merger.Merge(bytes, ids);
  });
}

std::string_view BpeTokenizer::TokenBytes(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocab_size());
  const Vocabulary::Token& token = vocabulary_.vocabulary.tokens[id];
  return HasBytes(token.type) ? std::string_view(token.text) : std::string_view();
}

std::string_view BpeTokenizer::TokenText(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocab_size());
  return vocabulary_.vocabulary.tokens[id].text;
}

}  // namespace bitnet

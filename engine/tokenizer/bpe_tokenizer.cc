#include "engine/tokenizer/bpe_tokenizer.h"

#include <cassert>
#include <utility>

namespace bitnet {
namespace {

bool IsMarker(TokenType type) { return type == TokenType::kControl || type == TokenType::kUserDefined; }
bool HasNoBytes(TokenType type) { return type == TokenType::kControl || type == TokenType::kUnknown; }

}  // namespace

BpeTokenizer::BpeTokenizer(Vocabulary vocabulary, Pretokenizer pretokenizer)
    : vocabulary_(std::move(vocabulary)), pretokenizer_(std::move(pretokenizer)) {
  words_.reserve(vocabulary_.tokens.size());
  for (size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    const Vocabulary::Token& token = vocabulary_.tokens[i];
    if (IsMarker(token.type) && !token.text.empty()) {
      special_tokens_.Add(token.text, id);
    } else if (token.type == TokenType::kNormal) {
      words_.try_emplace(token.text, id);
    }
  }
}

std::vector<int32_t> BpeTokenizer::Encode(std::string_view text, SpecialTokens special) const {
  std::vector<int32_t> ids;
  if (special == SpecialTokens::kPlain) {
    EncodePlain(text, ids);
    return ids;
  }
  for (size_t at = 0; at < text.size();) {
    const SpecialTokenFinder::Found marker = special_tokens_.FindNext(text, at);
    EncodePlain(text.substr(at, marker.begin - at), ids);
    if (marker.length > 0) {
      ids.push_back(marker.id);
    }
    at = marker.begin + marker.length;
  }
  return ids;
}

void BpeTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  BpeMerger merger(vocabulary_.merges);
  std::vector<int32_t> bytes;
  pretokenizer_.Split(text, [&](std::string_view word) {
    // A word that is a token is that token, even where merging would end elsewhere: llama-3's
    // "ignore_merges".
    if (const auto it = words_.find(word); it != words_.end()) {
      ids.push_back(it->second);
      return;
    }
    bytes.clear();
    for (const char byte : word) {
      bytes.push_back(vocabulary_.byte_ids[static_cast<uint8_t>(byte)]);
    }
    merger.Merge(bytes, ids);
  });
}

std::string_view BpeTokenizer::TokenBytes(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocabulary_.tokens.size());
  const Vocabulary::Token& token = vocabulary_.tokens[id];
  return HasNoBytes(token.type) ? std::string_view() : token.text;
}

std::string_view BpeTokenizer::TokenText(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocabulary_.tokens.size());
  return vocabulary_.tokens[id].text;
}

}  // namespace bitnet

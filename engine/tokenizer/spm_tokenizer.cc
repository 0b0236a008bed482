#include "engine/tokenizer/spm_tokenizer.h"

#include <cassert>
#include <utility>

#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

constexpr char32_t kSpmSpaceCode = 0x2581;

}  // namespace

SpmTokenizer::SpmTokenizer(SpmVocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), splitter_(vocabulary_.vocabulary) {}

std::vector<int32_t> SpmTokenizer::EncodeAround(std::string_view text,
                                                std::span<const TextRange> plain) const {
  std::vector<int32_t> ids;
  splitter_.Split(
      text, plain, [&](std::string_view between) { EncodeText(between, ids); },
      [&](int32_t id) { ids.push_back(id); });
  return ids;
}

void SpmTokenizer::EncodeText(std::string_view text, std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols;
  symbols.reserve(text.size() + 1);
  if (vocabulary_.adds_space) {
    AppendChar(kSpmSpace, kSpmSpaceCode, symbols);
  }
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8Char(text);
    const size_t length = c.length == 0 ? 1 : c.length;
    if (c.length == 0) {
      AppendChar(text.substr(0, 1), /*code=*/-1, symbols);
    } else if (c.code == ' ') {
      AppendChar(kSpmSpace, kSpmSpaceCode, symbols);
    } else {
      AppendChar(text.substr(0, length), c.code, symbols);
    }
    text.remove_prefix(length);
  }
  BpeMerger(vocabulary_.merges).Merge(symbols, ids);
}

// `code` is no character where `bytes` are none.
void SpmTokenizer::AppendChar(std::string_view bytes, char32_t code, std::vector<int32_t>& symbols) const {
  if (const auto it = vocabulary_.chars.find(code); it != vocabulary_.chars.end()) {
    symbols.push_back(it->second);
  } else if (vocabulary_.byte_ids.has_value()) {
    for (const char byte : bytes) {
      symbols.push_back((*vocabulary_.byte_ids)[static_cast<uint8_t>(byte)]);
    }
  } else if (const int32_t unknown = *vocabulary_.vocabulary.unknown_id;
             symbols.empty() || symbols.back() != unknown) {
    symbols.push_back(unknown);  // One for a run of them.
  }
}

std::string_view SpmTokenizer::TokenBytes(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocab_size());
  const Vocabulary::Token& token = vocabulary_.vocabulary.tokens[id];
  return HasBytes(token.type) ? std::string_view(token.text) : std::string_view();
}

std::string_view SpmTokenizer::TokenText(int32_t id) const {
  assert(id >= 0 && static_cast<size_t>(id) < vocab_size());
  return vocabulary_.vocabulary.tokens[id].text;
}

}  // namespace bitnet

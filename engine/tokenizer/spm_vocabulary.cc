#include "engine/tokenizer/spm_vocabulary.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "engine/tokenizer/merges.h"
#include "engine/tokenizer/utf8.h"

namespace bitnet {
namespace {

// Where the file does not say, ids are those of every SentencePiece model that was trained with its defaults.
constexpr VocabularyDefaults kDefaults = {.adds_bos = true, .bos_id = 1, .eos_id = 2, .unknown_id = 0};

// Work for a token grows with the square of its length. The longest in known vocabularies, of runs of spaces,
// is a tenth of this.
constexpr size_t kMaxMergedBytes = 1024;

absl::Status Wrong(const ModelFile& file, std::string_view key, const std::string& problem) {
  return absl::DataLossError(absl::StrFormat("%s: key '%s' %s", file.path(), key, problem));
}

// Ranks of tokens: the higher the score, the lower the rank; equal scores have equal ranks.
absl::StatusOr<std::vector<int32_t>> RankScores(const ModelFile& file) {
  ASSIGN_OR_RETURN(const auto scores, file.GetFloats(kScoresKey));
  std::vector<double> sorted(scores.begin(), scores.end());
  const auto bad = std::ranges::find_if(sorted, [](double score) { return std::isnan(score); });
  if (bad != sorted.end()) {
    return Wrong(file, kScoresKey, absl::StrFormat("has no number for token %d", bad - sorted.begin()));
  }
  std::ranges::sort(sorted, std::greater());
  std::vector<int32_t> ranks;
  ranks.reserve(scores.size());
  for (const double score : scores) {
    ranks.push_back(
        static_cast<int32_t>(std::ranges::lower_bound(sorted, score, std::greater()) - sorted.begin()));
  }
  return ranks;
}

absl::StatusOr<MergeTable> WorkOutMerges(const ModelFile& file, const IdByText& pieces) {
  ASSIGN_OR_RETURN(const auto ranks, RankScores(file));
  MergeTable merges;
  for (const auto& [text, id] : pieces) {
    if (text.size() > kMaxMergedBytes) {
      return Wrong(file, kTokensKey,
                   absl::StrFormat("has token %d of %d bytes; at most %d were wanted", id, text.size(),
                                   kMaxMergedBytes));
    }
    for (size_t at = DecodeUtf8Char(text).length; at > 0 && at < text.size();) {
      const auto left = pieces.find(text.substr(0, at));
      const auto right = left == pieces.end() ? pieces.end() : pieces.find(text.substr(at));
      if (right != pieces.end()) {
        merges.Add(left->second, right->second, {ranks[id], id});
      }
      const size_t length = DecodeUtf8Char(text.substr(at)).length;
      at = length == 0 ? text.size() : at + length;
    }
  }
  return merges;
}

std::string ByteTokenText(int byte) { return absl::StrFormat("<0x%02X>", byte); }

void FindByteTokens(SpmVocabulary& result) {
  const Vocabulary& vocabulary = result.vocabulary;
  IdByText by_text;
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].type == TokenType::kByte) {
      by_text.try_emplace(vocabulary.tokens[id].text, static_cast<int32_t>(id));
    }
  }
  std::array<int32_t, 256> ids;
  for (int byte = 0; byte < 256; ++byte) {
    const auto it = by_text.find(ByteTokenText(byte));
    if (it == by_text.end()) {
      return;
    }
    ids[byte] = it->second;
  }
  result.byte_ids = ids;
}

// From now on a token's text is the bytes it stands for.
void DecodeTexts(SpmVocabulary& result) {
  std::vector<Vocabulary::Token>& tokens = result.vocabulary.tokens;
  for (Vocabulary::Token& token : tokens) {
    if (token.type != TokenType::kControl && token.type != TokenType::kUnknown) {
      absl::StrReplaceAll({{std::string(kSpmSpace), " "}}, &token.text);
    }
  }
  for (int byte = 0; result.byte_ids.has_value() && byte < 256; ++byte) {
    tokens[(*result.byte_ids)[byte]].text = std::string(1, static_cast<char>(byte));
  }
}

}  // namespace

absl::StatusOr<SpmVocabulary> ReadSpmVocabulary(const ModelFile& file) {
  SpmVocabulary result;
  ASSIGN_OR_RETURN(result.vocabulary, ReadVocabulary(file, kDefaults));
  ASSIGN_OR_RETURN(const auto texts, file.GetStrings(kTokensKey));
  IdByText pieces;
  for (size_t id = 0; id < texts.size(); ++id) {
    const TokenType type = result.vocabulary.tokens[id].type;
    if ((type == TokenType::kNormal || type == TokenType::kUndefined) && !texts[id].empty()) {
      pieces.try_emplace(texts[id], static_cast<int32_t>(id));
    }
  }
  for (const auto& [text, id] : pieces) {
    if (const Utf8Char c = DecodeUtf8Char(text); c.length == text.size()) {
      result.chars.emplace(c.code, id);
    }
  }
  FindByteTokens(result);
  if (!result.byte_ids.has_value() && !result.vocabulary.unknown_id.has_value()) {
    return Wrong(
        file, kTokensKey,
        "has neither all of <0x00> to <0xFF> nor, by key 'tokenizer.ggml.unknown_token_id', a token for "
        "unknown characters");
  }
  if (file.Has(kMergesKey)) {
    ASSIGN_OR_RETURN(result.merges, ReadMerges(file, pieces));
  } else {
    ASSIGN_OR_RETURN(result.merges, WorkOutMerges(file, pieces));
  }
  if (constexpr std::string_view kKey = "tokenizer.ggml.add_space_prefix"; file.Has(kKey)) {
    ASSIGN_OR_RETURN(result.adds_space, file.GetBool(kKey));
  }
  DecodeTexts(result);
  return result;
}

}  // namespace bitnet

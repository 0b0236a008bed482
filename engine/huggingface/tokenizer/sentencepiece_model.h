// The file tokenizer.model of SentencePiece: a ModelProto in Protocol Buffers' wire format.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/tokenizer/vocabulary.h"

namespace bitnet {

// The fields that decide what text becomes. Their numbers and defaults are those of
// sentencepiece_model.proto.
struct SentencePieceModel {
  enum Type : int64_t { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };
  struct Piece {
    std::string_view text;  // Points into the file.
    float score = 0;
    TokenType type = TokenType::kNormal;
  };

  std::vector<Piece> pieces;  // By id.
  // trainer_spec
  int64_t type = kUnigram;
  bool treat_whitespace_as_suffix = false;
  int64_t unk_id = 0;  // Negative: there is none. So for the next three.
  int64_t bos_id = 1;
  int64_t eos_id = 2;
  int64_t pad_id = -1;
  // normalizer_spec
  bool has_charsmap = false;  // Rules that change characters, such as NFKC.
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

// Fields we do not know are skipped. `bytes` must outlive the result. DATA_LOSS says what is wrong at which
// byte, `name` in front.
absl::StatusOr<SentencePieceModel> ParseSentencePieceModel(std::span<const uint8_t> bytes,
                                                           std::string_view name);

}  // namespace bitnet

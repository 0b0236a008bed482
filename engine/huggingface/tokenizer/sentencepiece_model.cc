#include "engine/huggingface/tokenizer/sentencepiece_model.h"

#include <bit>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/wire_reader.h"

namespace bitnet {
namespace {

using Field = WireReader::Field;

std::string_view TextOf(const Field& field) {
  return {reinterpret_cast<const char*>(field.bytes.data()), field.bytes.size()};
}

class Parser {
 public:
  explicit Parser(std::string_view name) : name_(name) {}

  absl::StatusOr<SentencePieceModel> Parse(std::span<const uint8_t> bytes) {
    RETURN_IF_ERROR(ForEach(bytes, "the model", [&](const Field& field) -> absl::Status {
      if (field.type != Field::kBytes) {
        return absl::OkStatus();
      }
      switch (field.number) {
        case 1:
          return ReadPiece(field.bytes);
        case 2:
          return ForEach(field.bytes, "trainer_spec", [&](const Field& inner) { return ReadTrainer(inner); });
        case 3:
          return ForEach(field.bytes, "normalizer_spec",
                         [&](const Field& inner) { return ReadNormalizer(inner); });
        default:
          return absl::OkStatus();
      }
    }));
    return std::move(model_);
  }

 private:
  template <typename Function>
  absl::Status ForEach(std::span<const uint8_t> message, std::string_view what, Function&& function) {
    WireReader reader(message);
    while (const std::optional<Field> field = reader.Next()) {
      RETURN_IF_ERROR(function(*field));
    }
    return reader.ok()
               ? absl::OkStatus()
               : Wrong(absl::StrFormat("a broken field in %s, after %d pieces", what, model_.pieces.size()));
  }

  absl::Status Wrong(const std::string& problem) const {
    return absl::DataLossError(absl::StrCat(std::string(name_), " has ", problem));
  }

  absl::Status ReadPiece(std::span<const uint8_t> message) {
    SentencePieceModel::Piece piece;
    RETURN_IF_ERROR(ForEach(message, "a piece", [&](const Field& field) -> absl::Status {
      if (field.number == 1 && field.type == Field::kBytes) {
        piece.text = TextOf(field);
      } else if (field.number == 2 && field.type == Field::kFixed32) {
        piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.value));
      } else if (field.number == 3 && field.type == Field::kVarint) {
        // The numbers are those of token types in GGUF.
        if (field.value < 1 || field.value > static_cast<uint64_t>(TokenType::kByte)) {
          return Wrong(
              absl::StrFormat("type %d for piece %d; 1 to 6 were wanted", field.value, model_.pieces.size()));
        }
        piece.type = static_cast<TokenType>(field.value);
      }
      return absl::OkStatus();
    }));
    if (piece.text.empty()) {
      return Wrong(absl::StrFormat("no text for piece %d", model_.pieces.size()));
    }
    model_.pieces.push_back(piece);
    return absl::OkStatus();
  }

  absl::Status ReadTrainer(const Field& field) {
    if (field.type != Field::kVarint) {
      return absl::OkStatus();
    }
    const auto value = static_cast<int64_t>(field.value);
    switch (field.number) {
      case 3:
        model_.type = value;
        break;
      case 24:
        model_.treat_whitespace_as_suffix = value != 0;
        break;
      case 40:
        model_.unk_id = value;
        break;
      case 41:
        model_.bos_id = value;
        break;
      case 42:
        model_.eos_id = value;
        break;
      case 43:
        model_.pad_id = value;
        break;
      default:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status ReadNormalizer(const Field& field) {
    if (field.number == 2 && field.type == Field::kBytes) {
      model_.has_charsmap = !field.bytes.empty();
    }
    if (field.type != Field::kVarint) {
      return absl::OkStatus();
    }
    if (field.number == 3) {
      model_.add_dummy_prefix = field.value != 0;
    } else if (field.number == 4) {
      model_.remove_extra_whitespaces = field.value != 0;
    } else if (field.number == 5) {
      model_.escape_whitespaces = field.value != 0;
    }
    return absl::OkStatus();
  }

  std::string_view name_;
  SentencePieceModel model_;
};

}  // namespace

absl::StatusOr<SentencePieceModel> ParseSentencePieceModel(std::span<const uint8_t> bytes,
                                                           std::string_view name) {
  return Parser(name).Parse(bytes);
}

}  // namespace bitnet

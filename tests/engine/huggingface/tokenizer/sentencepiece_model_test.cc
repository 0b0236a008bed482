#include "engine/huggingface/tokenizer/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "engine/huggingface/tokenizer/wire_reader.h"
#include "tests/engine/huggingface/tokenizer/wire_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

absl::StatusOr<SentencePieceModel> Parse(const std::string& bytes) {
  return ParseSentencePieceModel({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "t.model");
}

TEST(SentencePieceModelTest, ReadsPiecesAndSettings) {
  const std::string file =
      PieceField("<unk>", 0, 2) + PieceField("\u2581a", -1.5f, 1) +
      BytesField(2, VarintField(3, 2) + VarintField(24, 1) + VarintField(40, 1) +
                        VarintField(41, static_cast<uint64_t>(-1)) + VarintField(43, 7)) +
      BytesField(3, BytesField(1, "identity") + VarintField(3, 0) + VarintField(4, 0)) +
      BytesField(9, "unknown") + VarintField(10, 300);
  const auto model = Parse(file);
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->pieces.size(), 2u);
  EXPECT_EQ(model->pieces[0].type, TokenType::kUnknown);
  EXPECT_EQ(model->pieces[1].text, "\u2581a");
  EXPECT_EQ(model->pieces[1].score, -1.5f);
  EXPECT_EQ(model->type, SentencePieceModel::kBpe);
  EXPECT_TRUE(model->treat_whitespace_as_suffix);
  EXPECT_EQ(model->unk_id, 1);
  EXPECT_EQ(model->bos_id, -1);
  EXPECT_EQ(model->eos_id, 2);
  EXPECT_EQ(model->pad_id, 7);
  EXPECT_FALSE(model->has_charsmap || model->add_dummy_prefix || model->remove_extra_whitespaces);
  EXPECT_TRUE(model->escape_whitespaces);
}

TEST(SentencePieceModelTest, KnowsTheFormatsDefaults) {
  const auto model = Parse(BytesField(1, BytesField(1, "a")) + BytesField(3, BytesField(2, "rules")));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->pieces[0].type, TokenType::kNormal);
  EXPECT_EQ(model->pieces[0].score, 0);
  EXPECT_EQ(model->type, SentencePieceModel::kUnigram);
  EXPECT_TRUE(model->has_charsmap && model->add_dummy_prefix && model->remove_extra_whitespaces);
}

TEST(SentencePieceModelTest, SaysWhatIsWrong) {
  const auto expect = [](const std::string& bytes, const std::string& message) {
    EXPECT_TRUE(IsError(Parse(bytes).status(), absl::StatusCode::kDataLoss, "t.model has " + message));
  };
  const std::string piece = PieceField("a", 0, 1);
  expect(piece.substr(0, piece.size() - 1), "a broken field in the model, after 0 pieces");
  expect(piece + "\xFF", "a broken field in the model, after 1 pieces");
  expect(piece + std::string(11, '\xFF'), "a broken field in the model, after 1 pieces");
  expect(piece + '\0', "a broken field in the model, after 1 pieces");    // Field number 0.
  expect(piece + "\x0B", "a broken field in the model, after 1 pieces");  // A group.
  expect(piece + "\x0A\xFF\xFF\xFF\xFF\x0F", "a broken field in the model, after 1 pieces");  // 4 GiB long.
  expect(BytesField(1, BytesField(1, "a") + "\x15\x01"), "a broken field in a piece, after 0 pieces");
  expect(BytesField(2, "\x18"), "a broken field in trainer_spec, after 0 pieces");
  expect(BytesField(1, ""), "no text for piece 0");
  expect(piece + PieceField("a", 0, 7), "type 7 for piece 1; 1 to 6 were wanted");
}

}  // namespace
}  // namespace bitnet

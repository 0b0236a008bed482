// Whole conversions of small models, read again by the engine's own readers.
#include "engine/convert/converter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/formats/float_round.h"
#include "engine/formats/row_decoder.h"
#include "engine/huggingface/open_model.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const std::string kLighthouse = BITNET_LIGHTHOUSE_DIRECTORY;
constexpr size_t kRows = 48;
constexpr size_t kColumns = 512;

bool Continue(const ConvertProgress&) { return true; }

std::vector<std::vector<float>> Rows(const ModelTensor& tensor) {
  const auto decoder = RowDecoder::Create(tensor);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  std::vector<std::vector<float>> rows(decoder->rows(), std::vector<float>(decoder->k()));
  for (size_t r = 0; r < rows.size(); ++r) {
    EXPECT_TRUE(decoder->Floats(r, rows[r].data())) << tensor.name << " row " << r;
  }
  return rows;
}

// A file of architecture llama whose one matrix is given; norms and embeddings as models have them.
std::vector<uint8_t> ModelWith(GgmlType type, const std::vector<uint8_t>& data, const char* activations) {
  GgufWriter writer;
  writer.String("general.architecture", "llama")
      .Uint32("llama.block_count", 1)
      .Uint32("llama.context_length", 64)
      .Uint32("llama.embedding_length", kColumns)
      .Uint32("llama.feed_forward_length", kRows)
      .Uint32("llama.attention.head_count", 4)
      .Float32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  if (activations != nullptr) {
    writer.String("bitnet.activations", activations);
  }
  writer.F32Tensor("token_embd.weight", {kColumns, 2}, std::vector<float>(2 * kColumns, 0.5f))
      .F32Tensor("output_norm.weight", {kColumns}, std::vector<float>(kColumns, 1.5f))
      .Tensor("blk.0.ffn_up.weight", type, {kColumns, kRows}, data);
  return writer.Finish();
}

std::vector<uint8_t> HalfBytes(const std::vector<float>& values) {
  std::vector<uint8_t> bytes;
  for (const float value : values) {
    // Tests give values that half precision has exactly.
    const uint16_t half = FloatToHalf(value);
    bytes.push_back(static_cast<uint8_t>(half));
    bytes.push_back(static_cast<uint8_t>(half >> 8));
  }
  return bytes;
}

// Random codes with a scale for each `group` weights of a row.
std::vector<float> Weights(size_t group, bool zeros, bool equal_scales) {
  std::mt19937 rng(7);
  std::vector<float> weights(kRows * kColumns);
  float scale = 0.25f;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (i % group == 0 && !equal_scales) {
      scale = 0.125f * static_cast<float>(1 + rng() % 7);
    }
    const int code = zeros ? static_cast<int>(rng() % 3) - 1 : static_cast<int>(rng() % 2) * 2 - 1;
    weights[i] = static_cast<float>(code) * scale;
  }
  return weights;
}

class ConverterTest : public testing::Test {
 protected:
  // Converts and opens the result.
  absl::StatusOr<std::unique_ptr<ModelFile>> Convert(const ModelFile& input, const ConvertOptions& options) {
    auto plan = PlanConversionOf(input, options, pool_, Continue);
    if (!plan.ok()) {
      return plan.status();
    }
    plan_ = *std::move(plan);
    auto errors =
        WriteConversion(input, plan_, options.i2s_layout, directory_.File("out.gguf"), true, pool_, Continue);
    if (!errors.ok()) {
      return errors.status();
    }
    errors_ = *std::move(errors);
    return ModelFile::Open(directory_.File("out.gguf"), FileAccess::kMap);
  }

  std::vector<std::string> FilesLeft() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  ThreadPool pool_{2};
  TemporaryDirectory directory_;
  ConversionPlan plan_;
  std::vector<EncodeError> errors_;
};

ConvertOptions Outtype(GgmlType type) { return {.pack = PackMode::kNone, .outtype = type}; }

struct Case {
  const char* name;
  size_t group;
  bool zeros;
  bool equal_scales;
  const char* activations;
  ConvertOptions options;
  GgmlType type;
};

class ConverterTypeTest : public ConverterTest, public testing::WithParamInterface<Case> {};

// From floats that hold codes, and from there on between types: nothing of these weights may change, as their
// scales are halves.
TEST_P(ConverterTypeTest, WritesEveryWeightAsItWas) {
  const Case& c = GetParam();
  const std::vector<float> weights = Weights(c.group, c.zeros, c.equal_scales);
  const std::vector<uint8_t> bytes = ModelWith(GgmlType::kF16, HalfBytes(weights), c.activations);
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  ASSERT_TRUE(input.ok()) << input.status();
  const auto output = Convert(**input, c.options);
  ASSERT_TRUE(output.ok()) << output.status();
  const ModelTensor& tensor = **(*output)->GetTensor("blk.0.ffn_up.weight");
  EXPECT_EQ(tensor.type, c.type);
  const auto rows = Rows(tensor);
  ASSERT_EQ(rows.size(), kRows);
  for (size_t r = 0; r < kRows; ++r) {
    ASSERT_TRUE(std::ranges::equal(rows[r], std::span(weights).subspan(r * kColumns, kColumns))) << r;
  }
  for (const EncodeError& error : errors_) {
    EXPECT_EQ(error.largest, 0);
  }
  EXPECT_EQ((*(*output)->GetTensor("token_embd.weight"))->type, GgmlType::kF16);
  EXPECT_EQ((*(*output)->GetTensor("output_norm.weight"))->type, GgmlType::kF32);

  // Unpacked again into the type that holds any of them.
  const auto back = Convert(**output, Outtype(GgmlType::kF16));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Rows(**(*back)->GetTensor("blk.0.ffn_up.weight")), rows);
}

INSTANTIATE_TEST_SUITE_P(
    Types, ConverterTypeTest,
    testing::Values(
        Case{"I2S", kColumns, true, true, nullptr, Outtype(GgmlType::kI2S), GgmlType::kI2S},
        Case{"TQ1", 256, true, false, nullptr, Outtype(GgmlType::kTQ1_0), GgmlType::kTQ1_0},
        Case{"TQ2", 256, true, false, nullptr, Outtype(GgmlType::kTQ2_0), GgmlType::kTQ2_0},
        Case{"Q1", 128, false, false, nullptr, Outtype(GgmlType::kQ1_0), GgmlType::kQ1_0},
        Case{"Q2", 64, true, false, nullptr, Outtype(GgmlType::kQ2_0), GgmlType::kQ2_0},
        Case{"TwoBit", kColumns, true, true, "int8_token", {.pack = PackMode::k2Bit}, GgmlType::kPacked2Bit},
        Case{"Base3", kColumns, true, true, "int8_token", {.pack = PackMode::kBase3}, GgmlType::kPackedBase3},
        Case{"Signs", 128, false, false, nullptr, {.pack = PackMode::k1Bit}, GgmlType::kPackedGrouped1Bit},
        Case{"Groups",
             64,
             true,
             false,
             nullptr,
             {.pack = PackMode::kAuto, .target = TargetArch::kArm64Linux},
             GgmlType::kPackedGrouped2Bit}),
    [](const auto& test) { return test.param.name; });

TEST_F(ConverterTest, LeavesFloatsThatHoldNoCodesInHalfPrecision) {
  std::vector<float> weights = Weights(64, true, false);
  weights[100] = 0.0625f;
  const std::vector<uint8_t> bytes = ModelWith(GgmlType::kF16, HalfBytes(weights), nullptr);
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  const auto output = Convert(**input, Outtype(GgmlType::kQ2_0));
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ((*(*output)->GetTensor("blk.0.ffn_up.weight"))->type, GgmlType::kF16);
}

TEST_F(ConverterTest, ReportsWhatATypeLoses) {
  std::mt19937 rng(1);
  std::vector<uint8_t> embedding;
  GgufWriter writer;
  std::vector<float> values(8 * 256);
  for (float& value : values) {
    value = static_cast<float>(rng()) / 4294967296.0f - 0.5f;
  }
  writer.String("general.architecture", "llama").F32Tensor("token_embd.weight", {256, 8}, values);
  const std::vector<uint8_t> bytes = writer.Finish();
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  const auto output = Convert(**input, {.pack = PackMode::kNone, .embedding_type = GgmlType::kQ8_0});
  ASSERT_TRUE(output.ok()) << output.status();
  double largest = 0;
  double squares = 0;
  const auto rows = Rows(**(*output)->GetTensor("token_embd.weight"));
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = static_cast<double>(rows[i / 256][i % 256]) - values[i];
    largest = std::max(largest, std::fabs(difference));
    squares += difference * difference;
  }
  EXPECT_GT(largest, 0);
  EXPECT_EQ(errors_[0].largest, largest);
  EXPECT_NEAR(errors_[0].rms(), std::sqrt(squares / static_cast<double>(values.size())), 1e-12);
}

// The directory holds what the file does, so a conversion of it has the same bytes.
TEST_F(ConverterTest, MakesTheOfficialTypeOfAHuggingFaceDirectory) {
  const auto directory = OpenModel(kLighthouse, FileAccess::kMap);
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto output = Convert(**directory, {.pack = PackMode::kNone});
  ASSERT_TRUE(output.ok()) << output.status();
  const auto official = ModelFile::Open(kLighthouse + ".gguf", FileAccess::kMap);
  ASSERT_TRUE(official.ok()) << official.status();
  ASSERT_EQ((*output)->tensors().size(), (*official)->tensors().size());
  for (size_t i = 0; i < (*official)->tensors().size(); ++i) {
    const ModelTensor& ours = (*output)->tensors()[i];
    const ModelTensor& theirs = (*official)->tensors()[i];
    EXPECT_EQ(ours.name, theirs.name);
    EXPECT_EQ(ours.type, theirs.type) << ours.name;
    EXPECT_EQ(ours.dims, theirs.dims) << ours.name;
    EXPECT_TRUE(std::ranges::equal(ours.data, theirs.data)) << ours.name;
  }
  EXPECT_EQ(*(*output)->GetUint("general.file_type"), 40u);
}

TEST_F(ConverterTest, GoesAroundAllTypesThatHoldTheLighthouse) {
  const auto official = ModelFile::Open(kLighthouse + ".gguf", FileAccess::kMap);
  ASSERT_TRUE(official.ok()) << official.status();
  const ModelFile* input = official->get();
  std::unique_ptr<ModelFile> last;
  for (const ConvertOptions& options : {Outtype(GgmlType::kI2S), ConvertOptions{.pack = PackMode::kBase3},
                                        Outtype(GgmlType::kI2S), ConvertOptions{.pack = PackMode::k2Bit},
                                        ConvertOptions{.pack = PackMode::kBase3}, Outtype(GgmlType::kI2S)}) {
    auto output = Convert(*input, options);
    ASSERT_TRUE(output.ok()) << output.status();
    last = *std::move(output);  // Still mapped when the next replaces its name.
    input = last.get();
  }
  for (const ModelTensor& tensor : (*official)->tensors()) {
    const auto again = input->GetTensor(tensor.name);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(std::ranges::equal(tensor.data, (*again)->data)) << tensor.name;
  }
}

TEST_F(ConverterTest, SaysInKeysWhatTheNewTypeDoesNot) {
  // A file of llama in I2_S: one scale, so activations by token. TQ2_0 could have more.
  std::vector<uint8_t> codes(kRows * kColumns / 4 + 32, 0b01'01'10'00);
  const float scale = 0.5f;
  std::memcpy(codes.data() + kRows * kColumns / 4, &scale, sizeof(scale));
  const std::vector<uint8_t> bytes = ModelWith(GgmlType::kI2S, codes, nullptr);
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  const auto output = Convert(**input, Outtype(GgmlType::kTQ2_0));
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*(*output)->GetString("bitnet.activations"), "int8_token");
  EXPECT_EQ(*(*output)->GetUint("general.file_type"), 37u);
  EXPECT_EQ(*(*output)->GetUint("llama.block_count"), 1u);
}

TEST_F(ConverterTest, BeginsPackedTensorsOnPages) {
  const auto official = ModelFile::Open(kLighthouse + ".gguf", FileAccess::kMap);
  const auto output = Convert(**official, {.pack = PackMode::kAuto, .target = TargetArch::kArm64Darwin});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*(*output)->GetUint("general.alignment"), 16384u);
  for (const ModelTensor& tensor : (*output)->tensors()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data.data()) % 4096, 0u) << tensor.name;
  }
}

// Rows of heads are halves one after the other in a directory, and interleaved in a GGUF file of llama.
TEST_F(ConverterTest, WritesLlamasHeadsInGgufsOrder) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
    std::filesystem::copy_file(kLighthouse + "/" + name, directory_.File(name));
  }
  nlohmann::json config = SmallConfig("LlamaForCausalLM", "silu");
  config["vocab_size"] = 4096;
  directory_.Write("config.json", config);
  constexpr size_t kHeads = 4, kHeadDim = 32, kHidden = 128;
  std::vector<float> query(kHeads * kHeadDim * kHidden);
  for (size_t i = 0; i < query.size(); ++i) {
    query[i] = static_cast<float>(i / kHidden) + static_cast<float>(i % kHidden) / 128;  // Exact in a half.
  }
  SafetensorsWriter writer;
  writer.Floats("model.layers.0.self_attn.q_proj.weight", {kHeads * kHeadDim, kHidden}, query);
  writer.Floats("model.embed_tokens.weight", {4096, kHidden}, std::vector<float>(4096 * kHidden));
  directory_.Write("model.safetensors", writer.Finish());
  const auto input = OpenModel(directory_.path(), FileAccess::kMap);
  ASSERT_TRUE(input.ok()) << input.status();
  const auto output = Convert(**input, {.pack = PackMode::kNone});
  ASSERT_TRUE(output.ok()) << output.status();
  const auto rows = Rows(**(*output)->GetTensor("blk.0.attn_q.weight"));
  for (size_t head = 0; head < kHeads; ++head) {
    for (size_t half = 0; half < 2; ++half) {
      for (size_t i = 0; i < kHeadDim / 2; ++i) {
        const size_t from = head * kHeadDim + half * kHeadDim / 2 + i;
        EXPECT_EQ(rows[head * kHeadDim + 2 * i + half][0], static_cast<float>(from));
      }
    }
  }
}

TEST_F(ConverterTest, NamesTheTensorThatATypeCannotHold) {
  const std::vector<uint8_t> bytes = ModelWith(GgmlType::kF16, HalfBytes(Weights(64, true, false)), nullptr);
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  for (const GgmlType type : {GgmlType::kI2S, GgmlType::kTQ1_0, GgmlType::kQ1_0}) {
    EXPECT_TRUE(IsError(Convert(**input, Outtype(type)).status(), absl::StatusCode::kInvalidArgument,
                        "blk.0.ffn_up.weight"));
  }
  EXPECT_TRUE(FilesLeft().empty());
}

TEST_F(ConverterTest, NamesTheTensorWithWhatIsNoWeight) {
  std::vector<float> weights = Weights(64, true, false);
  weights[12345] = std::numeric_limits<float>::infinity();
  const std::vector<uint8_t> bytes = ModelWith(GgmlType::kF16, HalfBytes(weights), nullptr);
  const auto input = ModelFile::Parse(bytes, "in.gguf");
  const absl::Status status = Convert(**input, Outtype(GgmlType::kQ2_0)).status();
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "blk.0.ffn_up.weight"));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "in.gguf"));
}

TEST_F(ConverterTest, LeavesNothingBehindWhenStopped) {
  const auto input = ModelFile::Open(kLighthouse + ".gguf", FileAccess::kMap);
  const auto plan = PlanConversionOf(**input, Outtype(GgmlType::kTQ2_0), pool_, Continue);
  ASSERT_TRUE(plan.ok()) << plan.status();
  directory_.Write("out.gguf", std::string("what was there"));
  for (const char* stage : {"writing", "reading back"}) {
    const auto stop = [&](const ConvertProgress& progress) {
      return progress.stage != stage || progress.done_bytes * 2 < progress.total_bytes;
    };
    EXPECT_TRUE(IsError(
        WriteConversion(**input, *plan, I2sLayout::k128x32, directory_.File("out.gguf"), true, pool_, stop)
            .status(),
        absl::StatusCode::kCancelled, ""));
    EXPECT_EQ(FilesLeft(), std::vector<std::string>{"out.gguf"});
    EXPECT_EQ(std::filesystem::file_size(directory_.File("out.gguf")), 14u);
  }
}

TEST_F(ConverterTest, ReplacesAFileOnlyIfToldTo) {
  const auto input = ModelFile::Open(kLighthouse + ".gguf", FileAccess::kMap);
  const auto plan = PlanConversionOf(**input, Outtype(GgmlType::kTQ2_0), pool_, Continue);
  directory_.Write("out.gguf", std::string("what was there"));
  EXPECT_TRUE(IsError(
      WriteConversion(**input, *plan, I2sLayout::k128x32, directory_.File("out.gguf"), false, pool_, Continue)
          .status(),
      absl::StatusCode::kAlreadyExists, "out.gguf"));
  EXPECT_EQ(std::filesystem::file_size(directory_.File("out.gguf")), 14u);
}

}  // namespace
}  // namespace bitnet

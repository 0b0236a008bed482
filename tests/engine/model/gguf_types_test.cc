#include "engine/model/gguf_types.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/ggml_type.h"
#include "engine/model/packed_footer.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using Bytes = std::vector<uint8_t>;
constexpr auto kType42 = static_cast<GgmlType>(42);

// The type that tensor `name` of the file has.
GgmlType TypeOf(const GgufWriter& writer, const std::string& name) {
  const Bytes bytes = writer.Finish();
  const auto file = ModelFile::Parse(bytes, "x.gguf");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? (*(*file)->GetTensor(name))->type : GgmlType::kF32;
}

absl::Status ParseError(const GgufWriter& writer) {
  const Bytes bytes = writer.Finish();
  return ModelFile::Parse(bytes, "x.gguf").status();
}

Bytes Groups64(uint64_t n) { return Bytes(n / 64 * 18, 1); }
Bytes Groups128(uint64_t n) { return Bytes(n / 128 * 34, 1); }

TEST(GgufTypesTest, TellsGroupsOf64FromThoseOf128ByTheRoom) {
  for (const bool last : {false, true}) {
    GgufWriter by_64;
    by_64.Tensor("t", kType42, {1024, 4}, Groups64(4096));
    GgufWriter by_128;
    by_128.Tensor("t", kType42, {1024, 4}, Groups128(4096));
    if (!last) {
      by_64.F32Tensor("next", {1}, {1});
      by_128.F32Tensor("next", {1}, {1});
    }
    EXPECT_EQ(TypeOf(by_64, "t"), GgmlType::kQ2_0);
    EXPECT_EQ(TypeOf(by_128, "t"), GgmlType::kPQ2_0);
  }
}

TEST(GgufTypesTest, GivesTensorsOfType42ExactlyTheirBytes) {
  GgufWriter writer;
  writer.Tensor("t", kType42, {128, 33}, Groups128(33 * 128)).F32Tensor("next", {1}, {1});
  const Bytes bytes = writer.Finish();
  const auto file = ModelFile::Parse(bytes, "x");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*(*file)->GetTensor("t"))->data.size(), 33u * 34);
}

TEST(GgufTypesTest, LetsTensorsTooSmallToTellGoWithTheOthers) {
  // 128 weights are 36 or 34 bytes, which both end before the next multiple of 32.
  GgufWriter small_64;
  small_64.Tensor("small", kType42, {128}, Groups64(128)).Tensor("t", kType42, {1024, 4}, Groups64(4096));
  EXPECT_EQ(TypeOf(small_64, "small"), GgmlType::kQ2_0);
  GgufWriter small_128;
  small_128.Tensor("small", kType42, {128}, Groups128(128)).Tensor("t", kType42, {1024, 4}, Groups128(4096));
  EXPECT_EQ(TypeOf(small_128, "small"), GgmlType::kPQ2_0);
  // Alone, it is what ggml has.
  GgufWriter alone;
  alone.Tensor("small", kType42, {128}, Groups64(128)).F32Tensor("next", {1}, {1});
  EXPECT_EQ(TypeOf(alone, "small"), GgmlType::kQ2_0);
}

TEST(GgufTypesTest, TakesTheOneThatFitsWhereMoreRoomFollows) {
  GgufWriter writer;
  writer.RawTensor("t", 42, {64, 3}, 0).RawTensor("next", 0, {1}, 1024).RawData(Bytes(1028));
  EXPECT_EQ(TypeOf(writer, "t"), GgmlType::kQ2_0);  // 128 does not divide its rows.
  GgufWriter gap;
  gap.RawTensor("t", 42, {128, 4}, 0).RawTensor("next", 0, {1}, 1024).RawData(Bytes(1028));
  EXPECT_EQ(TypeOf(gap, "t"), GgmlType::kQ2_0);
  GgufWriter among;
  among.RawTensor("t", 42, {128, 4}, 0)
      .RawTensor("sure", 42, {1024, 4}, 1024)
      .RawData(Bytes(1024 + 4096 / 128 * 34));
  EXPECT_EQ(TypeOf(among, "t"), GgmlType::kPQ2_0);
}

TEST(GgufTypesTest, RefusesType42OfNeitherSize) {
  EXPECT_TRUE(IsError(ParseError(GgufWriter().Tensor("t", kType42, {1024, 4}, Bytes(1087))),
                      absl::StatusCode::kDataLoss,
                      "tensor 't' of type 42 has 4 rows of 1024 weights and 1087 bytes, which fit neither"));
  EXPECT_TRUE(IsError(ParseError(GgufWriter().Tensor("t", kType42, {96, 4}, Bytes(4096))),
                      absl::StatusCode::kDataLoss, "fit neither groups of 64 nor of 128"));
  GgufWriter both;
  both.Tensor("a", kType42, {1024, 4}, Groups64(4096)).Tensor("b", kType42, {1024, 4}, Groups128(4096));
  EXPECT_TRUE(
      IsError(ParseError(both), absl::StatusCode::kDataLoss, "tensors 'a' and 'b' are both of type 42, but"));
}

TEST(GgufTypesTest, NamesType39AsItsArchitectureDoes) {
  const auto file = [](const std::string& architecture) {
    GgufWriter writer;
    writer.String("general.architecture", architecture)
        .Uint32("general.file_type", 40)
        .Tensor("t", static_cast<GgmlType>(39), {32}, Bytes(32));
    return writer;
  };
  EXPECT_EQ(GgmlTypeName(TypeOf(file("bitnet-b1.58"), "t")), "TL2");
  EXPECT_EQ(GgmlTypeName(TypeOf(file("bitnet"), "t")), "TL2");
  EXPECT_EQ(GgmlTypeName(TypeOf(file("llama"), "t")), "MXFP4");
}

TEST(GgufTypesTest, NamesType40ByItsSize) {
  const auto file = [](size_t bytes) {
    return GgufWriter().Tensor("t", static_cast<GgmlType>(40), {1024}, Bytes(bytes)).F32Tensor("n", {1}, {1});
  };
  EXPECT_EQ(GgmlTypeName(TypeOf(file(1024 / 64 * 36), "t")), "NVFP4");
  EXPECT_EQ(GgmlTypeName(TypeOf(file(1024 / 32 * 6), "t")), "Q1_0 in groups of 32 (an early PrismML type)");
  EXPECT_EQ(GgmlTypeName(TypeOf(file(1000), "t")), "NVFP4");
}

TEST(GgufTypesTest, RefusesTypesThatNoFileHas) {
  for (const uint32_t type : {65536u, 65537u, 4000000000u}) {
    GgufWriter writer;
    writer.RawTensor("t", type, {4, 4}, 0).RawData(Bytes(64));
    EXPECT_TRUE(IsError(ParseError(writer), absl::StatusCode::kDataLoss,
                        "tensor 't' has type " + std::to_string(type) + "; types below 65536 were wanted"));
  }
}

TEST(GgufTypesTest, KnowsTheSizeOfEveryTypeItReads) {
  struct Known {
    GgmlType type;
    uint64_t k;
    uint64_t rows;
    size_t bytes;
  };
  for (const Known& known : {Known{GgmlType::kF32, 3, 5, 60},
                             {GgmlType::kF16, 3, 5, 30},
                             {GgmlType::kBF16, 3, 5, 30},
                             {GgmlType::kQ4_0, 64, 3, 108},
                             {GgmlType::kQ8_0, 64, 3, 204},
                             {GgmlType::kQ4K, 512, 3, 864},
                             {GgmlType::kQ5K, 512, 3, 1056},
                             {GgmlType::kQ6K, 512, 3, 1260},
                             {GgmlType::kTQ1_0, 512, 3, 324},
                             {GgmlType::kTQ2_0, 512, 3, 396},
                             {GgmlType::kI2S, 128, 3, 128},
                             {GgmlType::kQ1_0, 256, 3, 108},
                             {GgmlType::kPQ2_0, 256, 3, 204},
                             {GgmlType::kIQ1BN, 128, 3, 84},
                             {GgmlType::kIQ2BN, 128, 3, 108},
                             {GgmlType::kQ1K, 128, 9, 2 * (128 + 32) + 64},
                             {GgmlType::kPacked2Bit, 32, 17, 2 * 128 + 64},
                             {GgmlType::kPackedBase3, 30, 17, 2 * 128 + 64}}) {
    SCOPED_TRACE(GgmlTypeName(known.type));
    GgufWriter writer;
    writer.Tensor("t", known.type, {known.k, known.rows}, Bytes(known.bytes)).F32Tensor("next", {1}, {1});
    const Bytes bytes = writer.Finish();
    const auto file = ModelFile::Parse(bytes, "x");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*(*file)->GetTensor("t"))->data.size(), known.bytes);
    EXPECT_TRUE(IsError(
        ParseError(GgufWriter().Tensor("t", known.type, {known.k, known.rows}, Bytes(known.bytes - 1))),
        absl::StatusCode::kDataLoss, "tensor 't' needs " + std::to_string(known.bytes) + " bytes"));
  }
}

TEST(GgufTypesTest, RefusesRowsThatBlocksDoNotDivide) {
  for (const auto& [type, wanted] :
       {std::pair{GgmlType::kTQ2_0, "TQ2_0 with rows of 48; a multiple of 256"},
        {GgmlType::kQ8_0, "Q8_0 with rows of 48; a multiple of 32"},
        {GgmlType::kIQ2BN, "IQ2_BN with rows of 48; a multiple of 64"},
        {GgmlType::kPackedGrouped1Bit, "grouped 1-bit packed with rows of 48"}}) {
    EXPECT_TRUE(IsError(ParseError(GgufWriter().Tensor("t", type, {48, 4}, Bytes(4096))),
                        absl::StatusCode::kDataLoss, std::string("tensor 't' is ") + wanted));
  }
}

// A packed tensor with a footer that says groups of `group`.
Bytes Packed(GgmlType type, uint64_t rows, uint64_t k, uint32_t group) {
  Bytes bytes(*GroupedPackedBytes(type, rows, k, group));
  const PackedFooter footer = {.scale = 1, .group = group, .version = kPackedVersion, .reserved = {}};
  std::memcpy(&bytes[bytes.size() - sizeof(footer)], &footer, sizeof(footer));
  return bytes;
}

TEST(GgufTypesTest, FindsTheFootersOfGroupedTensors) {
  for (const GgmlType type : {GgmlType::kPackedGrouped1Bit, GgmlType::kPackedGrouped2Bit}) {
    for (const uint32_t group : {32, 64, 128, 384}) {
      for (const uint32_t alignment : {8, 32, 4096, 16384}) {
        const Bytes tensor = Packed(type, 20, 384, group);
        GgufWriter writer;
        writer.alignment = alignment;
        writer.Tensor("t", type, {384, 20}, tensor).F32Tensor("next", {1}, {1});
        writer.Tensor("last", type, {384, 20}, tensor);
        const Bytes bytes = writer.Finish();
        const auto file = ModelFile::Parse(bytes, "x");
        ASSERT_TRUE(file.ok()) << file.status();
        EXPECT_EQ((*(*file)->GetTensor("t"))->data.size(), tensor.size());
        EXPECT_EQ((*(*file)->GetTensor("last"))->data.size(), tensor.size());
      }
    }
  }
}

TEST(GgufTypesTest, RefusesGroupedTensorsWithoutFooter) {
  constexpr GgmlType kType = GgmlType::kPackedGrouped1Bit;
  for (const auto& damage : {std::pair<size_t, uint8_t>{4, 64}, {4, 0}, {4, 33}, {8, 2}}) {
    Bytes tensor = Packed(kType, 20, 384, 128);
    tensor[tensor.size() - 64 + damage.first] = damage.second;
    EXPECT_TRUE(IsError(ParseError(GgufWriter().Tensor("t", kType, {384, 20}, tensor)),
                        absl::StatusCode::kDataLoss, "tensor 't' is grouped 1-bit packed, but none of its "));
  }
  Bytes cut = Packed(kType, 20, 384, 128);
  cut.pop_back();
  EXPECT_FALSE(ParseError(GgufWriter().Tensor("t", kType, {384, 20}, cut)).ok());
}

}  // namespace
}  // namespace bitnet

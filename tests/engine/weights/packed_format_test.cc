#include "engine/weights/packed_format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/weights/half.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

// A tensor of random bytes that are valid blocks of the type, whose scales are halves between 1 and 2.
struct Source {
  Source(GgmlType type, size_t rows, size_t k, size_t block_weights, size_t block_bytes, bool scale_first) {
    std::mt19937 rng(7);
    bytes.resize(rows * k / block_weights * block_bytes);
    for (size_t at = 0; at < bytes.size(); at += block_bytes) {
      for (size_t i = 0; i < block_bytes; ++i) {
        bytes[at + i] = static_cast<uint8_t>(rng());
      }
      const auto half = static_cast<uint16_t>(0x3c00 | (rng() & 0x3ff));
      std::memcpy(bytes.data() + at + (scale_first ? 0 : block_bytes - 2), &half, 2);
    }
    tensor = {.name = "t", .type = type, .dims = {k, rows}, .data = bytes};
  }

  std::vector<uint8_t> bytes;
  ModelTensor tensor;
};

Source Q1_0(size_t rows, size_t k) { return {GgmlType::kQ1_0, rows, k, 128, 18, true}; }
Source Q2_0(size_t rows, size_t k) { return {GgmlType::kQ2_0, rows, k, 64, 18, true}; }
Source TQ1_0(size_t rows, size_t k) { return {GgmlType::kTQ1_0, rows, k, 256, 54, false}; }

// Packs `source` and gives the packed tensor.
struct Packed {
  Packed(const Source& source, GgmlType type, size_t group, float scale = 1) {
    const auto decoder = RowDecoder::Create(source.tensor);
    EXPECT_TRUE(decoder.ok()) << decoder.status();
    EXPECT_TRUE(CheckPackable(*decoder, type, group).ok()) << CheckPackable(*decoder, type, group);
    bytes.resize(PackedBytes(type, decoder->rows(), decoder->k(), group));
    ThreadPool pool(2);
    EXPECT_TRUE(PackMatrix(*decoder, type, group, scale, pool, bytes).ok());
    tensor = {.name = "packed", .type = type, .dims = source.tensor.dims, .data = bytes};
  }

  std::vector<uint8_t> bytes;
  ModelTensor tensor;
};

void ExpectSameRows(const ModelTensor& packed, const ModelTensor& source) {
  const auto from = RowDecoder::Create(source);
  const auto to = RowDecoder::Create(packed);
  ASSERT_TRUE(to.ok()) << to.status();
  ASSERT_EQ(to->rows(), from->rows());
  std::vector<float> expected(from->k());
  std::vector<float> found(from->k());
  for (size_t row = 0; row < from->rows(); ++row) {
    ASSERT_TRUE(from->Floats(row, expected.data()));
    ASSERT_TRUE(to->Floats(row, found.data()));
    ASSERT_EQ(found, expected) << "row " << row;
  }
}

TEST(PackedFormatTest, HoldsTheSameWeightsInGroups) {
  for (size_t rows : {1, 15, 16, 40}) {
    const Source one_bit = Q1_0(rows, 256);
    ExpectSameRows(Packed(one_bit, GgmlType::kPackedGrouped1Bit, 128).tensor, one_bit.tensor);
    ExpectSameRows(Packed(one_bit, GgmlType::kPackedGrouped2Bit, 128).tensor, one_bit.tensor);
    const Source two_bits = Q2_0(rows, 192);
    ExpectSameRows(Packed(two_bits, GgmlType::kPackedGrouped2Bit, 64).tensor, two_bits.tensor);
    const Source ternary = TQ1_0(rows, 512);
    ExpectSameRows(Packed(ternary, GgmlType::kPackedGrouped2Bit, 256).tensor, ternary.tensor);
    ExpectSameRows(Packed(ternary, GgmlType::kPackedGrouped2Bit, 128).tensor, ternary.tensor);
  }
}

TEST(PackedFormatTest, HoldsTheSameCodesUnderOneScale) {
  const Source source = TQ1_0(40, 256);
  const auto from = RowDecoder::Create(source.tensor);
  for (const GgmlType type : {GgmlType::kPacked2Bit, GgmlType::kPackedBase3}) {
    const Packed packed(source, type, 0, 0.5f);
    const auto to = RowDecoder::Create(packed.tensor);
    ASSERT_TRUE(to.ok()) << to.status();
    EXPECT_TRUE(to->has_tensor_scale());
    std::vector<int8_t> expected(256);
    std::vector<int8_t> found(256);
    float scales[1];
    for (size_t row = 0; row < 40; ++row) {
      ASSERT_TRUE(from->Codes(row, expected.data(), scales));
      ASSERT_TRUE(to->Codes(row, found.data(), scales));
      ASSERT_EQ(found, expected);
      ASSERT_EQ(scales[0], 0.5f);
    }
  }
}

TEST(PackedFormatTest, RefusesWhatALayoutCannotHold) {
  const auto refuse = [](const Source& source, GgmlType type, size_t group, const std::string& why) {
    const auto decoder = RowDecoder::Create(source.tensor);
    EXPECT_TRUE(IsError(CheckPackable(*decoder, type, group), absl::StatusCode::kUnimplemented, why));
  };
  refuse(Q2_0(16, 64), GgmlType::kPacked2Bit, 0, "it may have the weight +2");
  refuse(TQ1_0(16, 256), GgmlType::kPackedGrouped1Bit, 256, "it has weights other than -1 and +1");
  refuse(Q2_0(16, 64), GgmlType::kPackedGrouped2Bit, 128, "groups of 128 in groups of 64");
  refuse(Q1_0(16, 128), GgmlType::kPackedGrouped1Bit, 16, "groups of 16 in groups of 128");
}

TEST(PackedFormatTest, NamesATensorThatLies) {
  const Packed packed(Q1_0(16, 256), GgmlType::kPackedGrouped1Bit, 128);
  const auto damaged = [&](auto change, const std::string& message,
                           absl::StatusCode code = absl::StatusCode::kDataLoss) {
    std::vector<uint8_t> bytes = packed.bytes;
    ModelTensor tensor = packed.tensor;
    change(bytes, tensor);
    tensor.data = bytes;
    EXPECT_TRUE(IsError(ParsePacked(tensor).status(), code, message));
    EXPECT_TRUE(IsError(ParsePacked(tensor).status(), code, "tensor packed"));
  };
  const auto footer = [](std::vector<uint8_t>& bytes, size_t offset, uint32_t value) {
    std::memcpy(bytes.data() + bytes.size() - 64 + offset, &value, 4);
  };
  damaged([](auto& bytes, auto&) { bytes.insert(bytes.begin(), 64, 0); }, "its shape and groups need");
  damaged([](auto& bytes, auto&) { bytes.resize(60); }, "has 60 bytes, fewer than its footer");
  damaged([](auto&, auto& tensor) { tensor.dims[1] = 32; }, "its shape and groups need");
  damaged([](auto&, auto& tensor) { tensor.dims = {256}; }, "has 1 dimensions");
  damaged([&](auto& bytes, auto&) { footer(bytes, 4, 0); }, "has groups of 0 in rows of 256");
  damaged([&](auto& bytes, auto&) { footer(bytes, 4, 96); }, "has groups of 96 in rows of 256");
  damaged([&](auto& bytes, auto&) { footer(bytes, 0, 0x7fc00000); }, "has a scale that is not finite");
  damaged([&](auto& bytes, auto&) { bytes[bytes.size() - 65] = 0x7c; }, "has a scale that is not finite");
  damaged([&](auto& bytes, auto&) { footer(bytes, 8, 2); }, "is packed in version 2 of its layout",
          absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace bitnet

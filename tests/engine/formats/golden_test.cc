// Against PyPI's `gguf`: golden/ is what make_golden.py wrote with it.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/formats/row_decoder.h"
#include "engine/formats/row_encoder.h"
#include "tests/engine/formats/reference_tensor.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 4;
constexpr size_t kK = 512;

std::vector<uint8_t> ReadGolden(const std::string& name) {
  const std::string path = absl::StrCat(BITNET_GOLDEN_DIR, "/", name);
  std::ifstream in(path, std::ios::binary);
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_FALSE(bytes.empty()) << path;
  return bytes;
}

struct GoldenType {
  const char* name;
  GgmlType type;
  bool encoded = true;  // By the reference.
};

class GoldenTest : public testing::TestWithParam<GoldenType> {};

TEST_P(GoldenTest, DecodesToTheFloatsOfTheReference) {
  const std::string name = GetParam().name;
  const std::vector<uint8_t> blocks = ReadGolden(name + ".blocks");
  const std::vector<uint8_t> floats = ReadGolden(name + ".f32");
  ASSERT_EQ(floats.size(), kRows * kK * sizeof(float));
  const ModelTensor tensor = TensorOver(GetParam().type, kRows, kK, blocks);
  const auto decoder = RowDecoder::Create(tensor);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  std::vector<float> row(kK);
  std::vector<float> wanted(kK);
  for (size_t r = 0; r < kRows; ++r) {
    ASSERT_TRUE(decoder->Floats(r, row.data()));
    std::memcpy(wanted.data(), &floats[r * kK * sizeof(float)], kK * sizeof(float));
    EXPECT_EQ(row, wanted) << "row " << r;
  }
}

TEST_P(GoldenTest, EncodesToTheBytesOfTheReference) {
  if (!GetParam().encoded) {
    return;
  }
  const std::vector<uint8_t> values = ReadGolden("values.f32");
  const ModelTensor tensor = TensorOver(GgmlType::kF32, kRows, kK, values);
  const auto encoded = EncodeTensor(*RowDecoder::Create(tensor), GetParam().type, "t");
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_EQ(encoded->bytes, ReadGolden(std::string(GetParam().name) + ".blocks"));
}

INSTANTIATE_TEST_SUITE_P(
    Types, GoldenTest,
    testing::Values(GoldenType{"F16", GgmlType::kF16}, GoldenType{"BF16", GgmlType::kBF16},
                    GoldenType{"Q4_0", GgmlType::kQ4_0}, GoldenType{"Q8_0", GgmlType::kQ8_0},
                    GoldenType{"Q4_K", GgmlType::kQ4K, false}, GoldenType{"Q5_K", GgmlType::kQ5K, false},
                    GoldenType{"Q6_K", GgmlType::kQ6K, false}, GoldenType{"TQ1_0", GgmlType::kTQ1_0},
                    GoldenType{"TQ2_0", GgmlType::kTQ2_0}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bitnet

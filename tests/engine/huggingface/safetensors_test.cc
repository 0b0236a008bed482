#include "engine/huggingface/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using Bytes = std::vector<uint8_t>;

SafetensorsWriter SmallFile() {
  SafetensorsWriter writer;
  writer.Floats("a.weight", {2, 3}, {1, 2, 3, 4, 5, 6})
      .Tensor("b", "U8", {5}, {1, 2, 3, 4, 5})
      .Tensor("scale", "BF16", {}, {0x80, 0x3f});
  return writer;
}

absl::Status StatusOf(const Bytes& bytes) { return ReadSafetensors(bytes, "m.safetensors").status(); }

TEST(SafetensorsTest, ReadsTensorsInTheOrderOfTheirData) {
  const Bytes bytes = SmallFile().Finish();
  const auto tensors = ReadSafetensors(bytes, "m.safetensors");
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_EQ((*tensors)[0].name, "a.weight");
  EXPECT_EQ((*tensors)[0].type, SafetensorsType::kF32);
  EXPECT_EQ((*tensors)[0].shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ((*tensors)[0].data.size(), 24u);
  EXPECT_EQ((*tensors)[1].name, "b");
  EXPECT_TRUE(std::ranges::equal((*tensors)[1].data, Bytes{1, 2, 3, 4, 5}));
  EXPECT_EQ((*tensors)[2].name, "scale");
  EXPECT_TRUE((*tensors)[2].shape.empty());
  EXPECT_EQ((*tensors)[2].data.data() + 2, bytes.data() + bytes.size());
}

TEST(SafetensorsTest, ReadsAFileWithoutTensors) {
  const auto tensors = ReadSafetensors(SafetensorsWriter().Finish(), "empty");
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  EXPECT_TRUE(tensors->empty());
}

TEST(SafetensorsTest, NamesTheTensorThatATruncatedFileLacks) {
  const Bytes whole = SmallFile().Finish();
  const size_t data_bytes = 24 + 5 + 2;
  for (size_t cut = 1; cut <= data_bytes; ++cut) {
    const Bytes bytes(whole.begin(), whole.end() - static_cast<ptrdiff_t>(cut));
    const char* first_lost = cut <= 2 ? "'scale'" : cut <= 7 ? "'b'" : "'a.weight'";
    EXPECT_TRUE(IsError(StatusOf(bytes), absl::StatusCode::kDataLoss, first_lost)) << cut;
  }
}

TEST(SafetensorsTest, RefusesEveryFileCutInItsHeader) {
  const Bytes whole = SmallFile().Finish();
  for (size_t size = 0; size < whole.size() - 31; ++size) {
    EXPECT_TRUE(IsError(StatusOf(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))),
                        absl::StatusCode::kDataLoss, "m.safetensors"))
        << size;
  }
}

TEST(SafetensorsTest, RefusesAHeaderThatIsLongerThanTheFile) {
  for (const uint64_t claimed : {uint64_t{1000}, uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 7}) {
    Bytes bytes = SmallFile().Finish();
    std::memcpy(bytes.data(), &claimed, sizeof(claimed));
    EXPECT_TRUE(IsError(StatusOf(bytes), absl::StatusCode::kDataLoss, std::to_string(claimed)));
  }
}

TEST(SafetensorsTest, SaysWhichTensorLiesAboutItself) {
  struct Lie {
    const char* field;
    nlohmann::json value;
    const char* complaint;
  };
  const std::vector<Lie> lies = {
      {"shape", {5, 5}, "make 25 bytes"},
      {"shape", {0}, "a dimension of 0"},
      {"shape", {-1}, "not a whole number"},
      {"shape", {1.5}, "not a whole number"},
      {"shape", {1, 1, 1, 1, 5}, "at most 4"},
      {"shape", "5", "at most 4"},
      {"shape", {uint64_t{1} << 40, uint64_t{1} << 40}, "more than any file can hold"},
      {"dtype", "F32", "make 20 bytes"},
      {"dtype", 3, "lacks one of"},
      {"data_offsets", {29, 24}, "has data from 29 to 24"},
      {"data_offsets", {23, 28}, "overlaps tensor 'a.weight'"},
      {"data_offsets", {25, 30}, "1 bytes before it belong to no tensor"},
      {"data_offsets", {24}, "not two numbers"},
      {"data_offsets", {24, 29, 30}, "not two numbers"},
      {"data_offsets", {"24", 29}, "not a whole number"},
      {"data_offsets", {~uint64_t{0} - 4, ~uint64_t{0}}, "has data from"},
  };
  for (const Lie& lie : lies) {
    SafetensorsWriter writer = SmallFile();
    writer.header["b"][lie.field] = lie.value;
    const absl::Status status = StatusOf(writer.Finish());
    EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, lie.complaint)) << lie.value;
    EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "'b'")) << lie.value;
  }
}

TEST(SafetensorsTest, RefusesTypesItDoesNotRead) {
  SafetensorsWriter writer = SmallFile();
  writer.header["b"]["dtype"] = "F8_E4M3";
  const absl::Status status = StatusOf(writer.Finish());
  EXPECT_TRUE(IsError(status, absl::StatusCode::kUnimplemented, "'b'"));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kUnimplemented, "F8_E4M3"));
}

TEST(SafetensorsTest, RefusesBytesThatBelongToNoTensor) {
  Bytes bytes = SmallFile().Finish();
  bytes.push_back(0);
  EXPECT_TRUE(IsError(StatusOf(bytes), absl::StatusCode::kDataLoss, "last 1 bytes"));
}

TEST(SafetensorsTest, RefusesATensorThatTheHeaderHasTwice) {
  const std::string entry = R"("b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  const absl::Status status = StatusOf(SafetensorsWriter().WithHeader("{" + entry + "," + entry + "}"));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "'b' twice"));
}

TEST(SafetensorsTest, RefusesHeadersThatAreNoSuchJson) {
  for (const char* text : {"", "[]", "3", "{", "{\"a\":}", "{\"a\":{}}", "{\"a\":[]}", "{\"\":{}}", "null"}) {
    EXPECT_TRUE(
        IsError(StatusOf(SafetensorsWriter().WithHeader(text)), absl::StatusCode::kDataLoss, "m.safetensors"))
        << text;
  }
  const std::string deep(100'000, '[');
  EXPECT_TRUE(IsError(StatusOf(SafetensorsWriter().WithHeader("{\"a\":" + deep)), absl::StatusCode::kDataLoss,
                      "deeper than 3"));
}

}  // namespace
}  // namespace bitnet

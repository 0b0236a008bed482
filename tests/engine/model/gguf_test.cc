#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/model_file.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

std::vector<uint8_t> Bytes(size_t count, uint8_t value) { return std::vector<uint8_t>(count, value); }

GgufWriter SmallFile() {
  GgufWriter writer;
  writer.String("general.architecture", "some-thing.v1")
      .Scalar<uint8_t>("u8", GgufWriter::kUint8, 200)
      .Scalar<int8_t>("i8", GgufWriter::kInt8, -3)
      .Scalar<uint16_t>("u16", GgufWriter::kUint16, 60000)
      .Scalar<int16_t>("i16", GgufWriter::kInt16, 300)
      .Uint32("u32", 4000000000)
      .Int32("i32", -5)
      .Uint64("u64", uint64_t{1} << 63)
      .Scalar<int64_t>("i64", GgufWriter::kInt64, 7)
      .Float32("f32", 0.5f)
      .Float64("f64", 1e-300)
      .Bool("yes", true)
      .Strings("strings", {"a", "", std::string("\0x", 2)})
      .Int32s("ints", {1, -2})
      .Array<uint8_t>("bools", GgufWriter::kBool, {0, 1})
      .Float32s("floats", {0.25f})
      .Strings("none", {})
      .F32Tensor("a", {3}, {1, 2, 3})
      .Tensor("b", GgmlType::kF16, {2, 2}, Bytes(8, 1))
      .Tensor("c", static_cast<GgmlType>(10), {256}, Bytes(210, 2))
      .Tensor("d", GgmlType::kI2S, {128, 2}, Bytes(64 + 32, 3));
  return writer;
}

TEST(GgufTest, ReadsValuesOfEveryType) {
  const std::vector<uint8_t> bytes = SmallFile().Finish();
  const auto opened = ModelFile::Parse(bytes, "small.gguf");
  ASSERT_TRUE(opened.ok()) << opened.status();
  const ModelFile& file = **opened;
  EXPECT_EQ(file.path(), "small.gguf");
  EXPECT_EQ(file.file_bytes(), bytes.size());
  EXPECT_EQ(*file.GetString("general.architecture"), "some-thing.v1");
  EXPECT_EQ(*file.GetUint("u8"), 200u);
  EXPECT_EQ(*file.GetUint("u16"), 60000u);
  EXPECT_EQ(*file.GetUint("i16"), 300u);
  EXPECT_EQ(*file.GetUint("u32"), 4000000000u);
  EXPECT_EQ(*file.GetUint("u64"), uint64_t{1} << 63);
  EXPECT_EQ(*file.GetUint("i64"), 7u);
  EXPECT_EQ(*file.GetFloat("f32"), 0.5);
  EXPECT_EQ(*file.GetFloat("f64"), 1e-300);
  EXPECT_TRUE(*file.GetBool("yes"));
  const auto strings = *file.GetStrings("strings");
  EXPECT_EQ(std::vector<std::string>(strings.begin(), strings.end()),
            (std::vector<std::string>{"a", "", std::string("\0x", 2)}));
  const auto ints = *file.GetInts("ints");
  EXPECT_EQ(std::vector<int64_t>(ints.begin(), ints.end()), (std::vector<int64_t>{1, -2}));
  const auto bools = *file.GetInts("bools");
  EXPECT_EQ(std::vector<int64_t>(bools.begin(), bools.end()), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ((*file.GetFloats("floats"))[0], 0.25);
  EXPECT_TRUE(file.GetStrings("none")->empty());
  EXPECT_TRUE(file.Has("yes"));
  EXPECT_FALSE(file.Has("no"));
}

TEST(GgufTest, NamesKeysThatAreAbsentOrOfAnotherType) {
  const std::vector<uint8_t> bytes = SmallFile().Finish();
  const auto file = *ModelFile::Parse(bytes, "small.gguf");
  EXPECT_TRUE(
      IsError(file->GetUint("no").status(), absl::StatusCode::kNotFound, "small.gguf: has no key 'no'"));
  const auto expect_wrong_type = [](const absl::Status& status, const std::string& message) {
    EXPECT_TRUE(IsError(status, absl::StatusCode::kDataLoss, "small.gguf: key " + message));
  };
  expect_wrong_type(file->GetUint("i32").status(), "'i32' is not an integer of 0 or more");
  expect_wrong_type(file->GetUint("f32").status(), "'f32' is not an integer of 0 or more");
  expect_wrong_type(file->GetFloat("u32").status(), "'u32' is not a floating-point number");
  expect_wrong_type(file->GetBool("u8").status(), "'u8' is not a truth value");
  expect_wrong_type(file->GetString("strings").status(), "'strings' is not a string");
  expect_wrong_type(file->GetStrings("ints").status(), "'ints' is not an array of strings");
  expect_wrong_type(file->GetInts("floats").status(), "'floats' is not an array of integers");
  expect_wrong_type(file->GetFloats("ints").status(), "'ints' is not an array of floating-point numbers");
}

TEST(GgufTest, FindsTensorsAndTheirBytes) {
  const std::vector<uint8_t> bytes = SmallFile().Finish();
  const auto file = *ModelFile::Parse(bytes, "small.gguf");
  ASSERT_EQ(file->tensors().size(), 4u);
  EXPECT_EQ(file->tensors()[0].name, "a");
  const ModelTensor* a = *file->GetTensor("a");
  EXPECT_EQ(a->type, GgmlType::kF32);
  EXPECT_EQ(a->data.size(), 12u);
  EXPECT_EQ(a->num_elements(), 3u);
  const ModelTensor* b = *file->GetTensor("b");
  EXPECT_EQ(b->dims, (std::vector<uint64_t>{2, 2}));
  EXPECT_EQ(b->data.size(), 8u);
  EXPECT_EQ(b->data[7], 1);
  // A type without known size: as far as the next tensor.
  const ModelTensor* c = *file->GetTensor("c");
  EXPECT_EQ(GgmlTypeName(c->type), "Q2_K");
  EXPECT_EQ(c->data.size(), 224u);
  const ModelTensor* d = *file->GetTensor("d");
  EXPECT_EQ(d->data.size(), 96u);
  EXPECT_EQ(d->data[0], 3);
  EXPECT_EQ(d->data.data() + d->data.size(), bytes.data() + bytes.size());
  EXPECT_TRUE(
      IsError(file->GetTensor("e").status(), absl::StatusCode::kNotFound, "small.gguf: has no tensor 'e'"));
}

TEST(GgufTest, HeedsTheAlignmentOfTheFile) {
  for (const uint32_t alignment : {8, 64, 4096}) {
    GgufWriter writer;
    writer.alignment = alignment;
    writer.F32Tensor("a", {1}, {1}).F32Tensor("b", {1}, {2});
    const std::vector<uint8_t> bytes = writer.Finish();
    const auto file = ModelFile::Parse(bytes, "x");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*(*file)->GetTensor("b"))->data.data() - bytes.data(),
              (*(*file)->GetTensor("a"))->data.data() - bytes.data() + alignment);
    EXPECT_EQ(((*(*file)->GetTensor("a"))->data.data() - bytes.data()) % alignment, 0);
  }
}

TEST(GgufTest, TakesTensorsInAnyOrderOfOffsets) {
  GgufWriter writer;
  writer.RawTensor("late", 0, {1}, 32).RawTensor("early", 10, {256}, 0).RawData(Bytes(36, 1));
  const std::vector<uint8_t> bytes = writer.Finish();
  const auto file = ModelFile::Parse(bytes, "x");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->tensors()[0].name, "late");
  EXPECT_EQ((*file)->tensors()[1].data.size(), 32u);
}

TEST(GgufTest, OpensFilesBothWays) {
  const std::string path = testing::TempDir() + "bitnet_gguf_test_" + std::to_string(getpid()) + ".gguf";
  const std::vector<uint8_t> bytes = SmallFile().Finish();
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const FileAccess access : {FileAccess::kMap, FileAccess::kRead}) {
    const auto file = ModelFile::Open(path, access);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*file)->path(), path);
    EXPECT_EQ((*file)->file_bytes(), bytes.size());
    EXPECT_EQ((*(*file)->GetTensor("d"))->data[95], 3);
  }
  std::filesystem::remove(path);
  EXPECT_TRUE(IsError(ModelFile::Open(path, FileAccess::kMap).status(), absl::StatusCode::kNotFound, path));
}

TEST(GgufTest, NamesTypesOfTensors) {
  EXPECT_EQ(GgmlTypeName(GgmlType::kF32), "F32");
  EXPECT_EQ(GgmlTypeName(GgmlType::kF16), "F16");
  EXPECT_EQ(GgmlTypeName(GgmlType::kI2S), "I2_S");
  EXPECT_EQ(GgmlTypeName(static_cast<GgmlType>(30)), "BF16");
  EXPECT_EQ(GgmlTypeName(static_cast<GgmlType>(42)), "Q2_0");
  EXPECT_EQ(GgmlTypeName(static_cast<GgmlType>(43)), "a type unknown to this program");
}

}  // namespace
}  // namespace bitnet

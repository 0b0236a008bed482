// Every way a GGUF file can be wrong, and what is said about it.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/model/model_file.h"
#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

absl::Status Parse(const std::vector<uint8_t>& bytes) { return ModelFile::Parse(bytes, "bad.gguf").status(); }

void ExpectDataLoss(const GgufWriter& writer, const std::string& message) {
  EXPECT_TRUE(IsError(Parse(writer.Finish()), absl::StatusCode::kDataLoss, message));
  EXPECT_TRUE(IsError(Parse(writer.Finish()), absl::StatusCode::kDataLoss, "bad.gguf: "));
}

TEST(GgufDamageTest, RefusesOtherMagicNumbers) {
  GgufWriter writer;
  writer.magic = "ggjt";
  ExpectDataLoss(writer, "not a GGUF file: begins with \"ggjt\" where \"GGUF\" was wanted");
  writer.magic = std::string(
      "\x7F"
      "EL\0",
      4);
  ExpectDataLoss(writer, "begins with \"\\x7f\\x45L\\x00\"");
}

TEST(GgufDamageTest, RefusesOtherVersionsAndByteOrders) {
  GgufWriter writer;
  writer.version = 2;
  EXPECT_TRUE(IsError(Parse(writer.Finish()), absl::StatusCode::kUnimplemented,
                      "is GGUF version 2; only version 3 is read"));
  writer.version = 0x03000000;
  EXPECT_TRUE(IsError(Parse(writer.Finish()), absl::StatusCode::kUnimplemented, "big-endian"));
}

TEST(GgufDamageTest, RefusesCountsBeyondTheFile) {
  for (const int64_t count : {int64_t{2}, std::numeric_limits<int64_t>::max()}) {
    GgufWriter keys;
    keys.Uint32("a", 1);
    keys.num_keys = count;
    EXPECT_FALSE(Parse(keys.Finish()).ok());
    GgufWriter tensors;
    tensors.F32Tensor("a", {1}, {1});
    tensors.num_tensors = count;
    EXPECT_FALSE(Parse(tensors.Finish()).ok());
  }
  GgufWriter writer;
  writer.num_keys = 1;
  ExpectDataLoss(writer, "the header's number of keys announces 1 items of at least 13 bytes, but only 0");
  writer.num_keys = 0;
  writer.num_tensors = 1;
  ExpectDataLoss(writer, "the header's number of tensors announces 1 items of at least 24 bytes, but only 0");
}

TEST(GgufDamageTest, RefusesKeysThatAreEmptyTooLongOrTwice) {
  ExpectDataLoss(GgufWriter().Uint32("", 1), "the name of key 1 of 1 has 0 bytes; 1 to 65535 were wanted");
  ExpectDataLoss(GgufWriter().Uint32(std::string(65536, 'k'), 1), "has 65536 bytes");
  ExpectDataLoss(GgufWriter().Uint32("a.b", 1).Bool("a.b", true), "key 'a.b' occurs twice");
  ExpectDataLoss(GgufWriter().Uint32("a\n\xFF", 1).Bool("a\n\xFF", true), "key 'a\\n\xFF' occurs twice");
}

TEST(GgufDamageTest, RefusesValuesOfUnknownTypes) {
  ExpectDataLoss(GgufWriter().RawKey("k", 13, {0}), "key 'k' has value type 13; the format knows 0 to 12");
  const auto array = ByteBuilder().Value<uint32_t>(99).Value<uint64_t>(0).bytes();
  ExpectDataLoss(GgufWriter().RawKey("k", GgufWriter::kArray, array), "key 'k' has value type 99");
}

TEST(GgufDamageTest, RefusesTruthValuesOtherThan0And1) {
  ExpectDataLoss(GgufWriter().RawKey("k", GgufWriter::kBool, {2}), "key 'k' is a truth value of 2");
  ExpectDataLoss(GgufWriter().Array<uint8_t>("k", GgufWriter::kBool, {0, 7}),
                 "key 'k' is a truth value of 7");
}

TEST(GgufDamageTest, RefusesStringsBeyondTheFile) {
  const auto value = ByteBuilder().Value(kHuge).Bytes("abc").bytes();
  ExpectDataLoss(GgufWriter().RawKey("k", GgufWriter::kString, value), "key 'k' needs 18446744073709551615");
  const auto array =
      ByteBuilder().Value<uint32_t>(GgufWriter::kString).Value<uint64_t>(1).Append(value).bytes();
  ExpectDataLoss(GgufWriter().RawKey("k", GgufWriter::kArray, array), "key 'k' needs 18446744073709551615");
}

TEST(GgufDamageTest, RefusesArraysBeyondTheFile) {
  for (uint32_t type = 0; type <= 12; ++type) {
    for (const uint64_t count : {uint64_t{1} << 20, uint64_t{1} << 24, (uint64_t{1} << 24) + 1, kHuge}) {
      const auto value = ByteBuilder().Value(type).Value(count).Bytes("abcdefgh").bytes();
      const absl::Status status = Parse(GgufWriter().RawKey("k", GgufWriter::kArray, value).Finish());
      EXPECT_TRUE(!status.ok() && status.message().find("key 'k'") != std::string::npos) << status;
    }
  }
}

TEST(GgufDamageTest, RefusesArraysOfArrays) {
  const auto inner = ByteBuilder().Value<uint32_t>(GgufWriter::kUint8).Value<uint64_t>(0);
  const auto value =
      ByteBuilder().Value<uint32_t>(GgufWriter::kArray).Value<uint64_t>(1).Append(inner.bytes()).bytes();
  EXPECT_TRUE(IsError(Parse(GgufWriter().RawKey("k", GgufWriter::kArray, value).Finish()),
                      absl::StatusCode::kUnimplemented, "key 'k' is an array of arrays"));
}

TEST(GgufDamageTest, RefusesArrayItemsThatDoNotFitSignedIntegers) {
  ExpectDataLoss(GgufWriter().Array<uint64_t>("k", GgufWriter::kUint64, {1, uint64_t{1} << 63}),
                 "key 'k': item 1 is 9223372036854775808, above 2^63 - 1");
}

TEST(GgufDamageTest, RefusesTensorsWithoutNameOrTwice) {
  ExpectDataLoss(GgufWriter().F32Tensor("", {1}, {1}), "the name of tensor 1 of 1 is empty");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {1}, {1}).F32Tensor("t", {1}, {1}), "tensor 't' occurs twice");
}

TEST(GgufDamageTest, RefusesWrongDimensions) {
  ExpectDataLoss(GgufWriter().F32Tensor("t", {}, {1}), "tensor 't' has 0 dimensions; 1 to 4 were wanted");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {1, 1, 1, 1, 1}, {1}), "tensor 't' has 5 dimensions");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {1, 0}, {1}), "tensor 't': dimension 1 is 0, which is nothing");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {kHuge}, {1}),
                 "dimension 0 is 18446744073709551615, which is more");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {uint64_t{1} << 32, uint64_t{1} << 32}, {1}),
                 "dimension 1 is 4294967296");
  ExpectDataLoss(GgufWriter().F32Tensor("t", {uint64_t{1} << 30, 1 << 30}, {1}),
                 "needs 4611686018427387904 bytes");
}

TEST(GgufDamageTest, RefusesWrongAlignments) {
  for (const uint32_t alignment : {0, 4, 12, 24, 48}) {
    ExpectDataLoss(
        GgufWriter().Uint32("general.alignment", alignment),
        "key 'general.alignment' is " + std::to_string(alignment) + "; a power of two from 8 to 2^32");
  }
  ExpectDataLoss(GgufWriter().Uint64("general.alignment", uint64_t{1} << 63),
                 "a power of two from 8 to 2^32");
  ExpectDataLoss(GgufWriter().String("general.alignment", "32"), "is not an unsigned integer");
}

TEST(GgufDamageTest, RefusesWrongOffsets) {
  ExpectDataLoss(GgufWriter().RawTensor("t", 0, {1}, 8).RawData(std::vector<uint8_t>(64)),
                 "tensor 't' begins at offset 8, which is not a multiple of 32");
  ExpectDataLoss(GgufWriter().RawTensor("t", 0, {1}, 64).RawData(std::vector<uint8_t>(64)),
                 "tensor 't' begins at offset 64, but only 64 bytes of tensor data follow");
  ExpectDataLoss(GgufWriter().RawTensor("t", 0, {1}, kHuge - 31),
                 "tensor 't' begins at offset 18446744073709551584");
  ExpectDataLoss(GgufWriter().RawTensor("t", 0, {1}, 0), "but only 0 bytes of tensor data follow");
  ExpectDataLoss(GgufWriter().RawTensor("t", 10, {256}, 0), "but only 0 bytes of tensor data follow");
}

TEST(GgufDamageTest, RefusesTensorsBeyondTheFile) {
  ExpectDataLoss(GgufWriter().Tensor("t", GgmlType::kF32, {9}, std::vector<uint8_t>(35)),
                 "tensor 't' needs 36 bytes from offset 0, but only 35 follow");
  ExpectDataLoss(GgufWriter().Tensor("t", GgmlType::kF16, {9}, std::vector<uint8_t>(17)), "needs 18 bytes");
  ExpectDataLoss(GgufWriter().Tensor("t", GgmlType::kI2S, {128}, std::vector<uint8_t>(63)), "needs 64 bytes");
}

TEST(GgufDamageTest, RefusesTernaryTensorsOfPartBlocks) {
  ExpectDataLoss(GgufWriter().Tensor("t", GgmlType::kI2S, {65, 3}, std::vector<uint8_t>(256)),
                 "tensor 't' is I2_S with 195 elements; a multiple of 4 was wanted");
}

TEST(GgufDamageTest, RefusesOverlaps) {
  ExpectDataLoss(
      GgufWriter().RawTensor("b", 0, {1}, 32).RawTensor("a", 0, {9}, 0).RawData(std::vector<uint8_t>(64)),
      "tensor 'a', 36 bytes from offset 0, overlaps tensor 'b' from offset 32");
  ExpectDataLoss(GgufWriter()
                     .RawTensor("a", 10, {256}, 0)
                     .RawTensor("b", 10, {256}, 0)
                     .RawData(std::vector<uint8_t>(64)),
                 "overlaps tensor 'b' from offset 0");
}

// A small file with something of everything.
std::vector<uint8_t> SmallFile() {
  return GgufWriter()
      .String("general.architecture", "x")
      .Strings("strings", {"ab", "c"})
      .Int32s("ints", {1, 2})
      .Bool("yes", true)
      .F32Tensor("a", {2}, {1, 2})
      .Tensor("b", GgmlType::kI2S, {128}, std::vector<uint8_t>(64))
      .Finish();
}

TEST(GgufDamageTest, RefusesAFileCutAnywhere) {
  const std::vector<uint8_t> bytes = SmallFile();
  ASSERT_TRUE(Parse(bytes).ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    // A copy of its own, so that reading beyond its end is seen by the address sanitizer.
    const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    const absl::Status status = Parse(cut);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << length << " bytes: " << status;
  }
}

TEST(GgufDamageTest, SurvivesEveryChangedByte) {
  const std::vector<uint8_t> bytes = SmallFile();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      std::vector<uint8_t> changed = bytes;
      changed[i] = value;
      const auto file = ModelFile::Parse(changed, "changed.gguf");
      if (file.ok()) {
        for (const ModelTensor& tensor : (*file)->tensors()) {
          EXPECT_LE(tensor.data.data() + tensor.data.size(), changed.data() + changed.size());
        }
      }
    }
  }
}

}  // namespace
}  // namespace bitnet

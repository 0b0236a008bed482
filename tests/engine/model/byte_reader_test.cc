#include "engine/model/byte_reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

TEST(ByteReaderTest, ReadsValuesAndStringsInOrder) {
  const std::vector<uint8_t> bytes =
      ByteBuilder().Value<uint16_t>(0x1234).Value(-1.5f).String("abc").Value<uint8_t>(9).bytes();
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.Read<uint16_t>("x"), 0x1234);
  EXPECT_EQ(*reader.Read<float>("x"), -1.5f);
  EXPECT_EQ(*reader.ReadString("x"), "abc");
  EXPECT_EQ(reader.remaining(), 1u);
  EXPECT_EQ(*reader.Read<uint8_t>("x"), 9);
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReaderTest, SaysWhatIsMissingAndWhere) {
  const std::vector<uint8_t> bytes = ByteBuilder().Value<uint32_t>(1).Value<uint8_t>(0).bytes();
  ByteReader reader(bytes);
  ASSERT_TRUE(reader.Read<uint32_t>("x").ok());
  EXPECT_TRUE(IsError(reader.Read<uint32_t>("the size").status(), absl::StatusCode::kDataLoss,
                      "at byte 4: the size needs 4 bytes, but only 1 follow"));
  EXPECT_EQ(reader.position(), 4u);
}

TEST(ByteReaderTest, RefusesStringsLongerThanWhatFollows) {
  for (const uint64_t length : {uint64_t{4}, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    const std::vector<uint8_t> bytes = ByteBuilder().Value(length).Bytes("abc").bytes();
    ByteReader reader(bytes);
    EXPECT_TRUE(IsError(reader.ReadString("the name").status(), absl::StatusCode::kDataLoss,
                        "the name needs " + std::to_string(length) + " bytes, but only 3 follow"));
  }
}

TEST(ByteReaderTest, ChecksCountsWithoutOverflow) {
  const std::vector<uint8_t> bytes(100);
  const ByteReader reader(bytes);
  EXPECT_TRUE(reader.ExpectItems(0, 24, "x").ok());
  EXPECT_TRUE(reader.ExpectItems(4, 24, "x").ok());
  EXPECT_TRUE(IsError(reader.ExpectItems(5, 24, "the table"), absl::StatusCode::kDataLoss,
                      "the table announces 5 items of at least 24 bytes, but only 100 bytes follow"));
  EXPECT_FALSE(reader.ExpectItems(std::numeric_limits<uint64_t>::max(), 24, "x").ok());
  EXPECT_FALSE(reader.ExpectItems(uint64_t{1} << 61, 8, "x").ok());
}

}  // namespace
}  // namespace bitnet

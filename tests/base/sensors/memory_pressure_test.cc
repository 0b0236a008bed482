#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/sensors/apple/memory_level.h"
#include "base/sensors/memory_stalls.h"
#include "base/sensors/sensors.h"
#include "tests/base/fake_root.h"

namespace bitnet {
namespace {

class MemoryStallsTest : public testing::Test {
 protected:
  std::optional<MemoryPressure> ReadWith(const std::string& some, const std::string& full) const {
    root_.Write("/proc/pressure/memory",
                absl::StrCat("some avg10=", some, " avg60=0.05 avg300=0.01 total=4711\nfull avg10=", full,
                             " avg60=0.00 avg300=0.00 total=815"));
    return ReadMemoryStalls(root_.path());
  }
  const FakeRoot root_;
};

TEST_F(MemoryStallsTest, AreLevels) {
  EXPECT_EQ(ReadWith("0.00", "0.00"), MemoryPressure::kNormal);
  EXPECT_EQ(ReadWith("9.99", "9.99"), MemoryPressure::kNormal);
  EXPECT_EQ(ReadWith("10.00", "0.12"), MemoryPressure::kWarning);
  EXPECT_EQ(ReadWith("45.10", "10.00"), MemoryPressure::kCritical);
}

TEST_F(MemoryStallsTest, AreNotKnownWithoutTheFileOrItsFormat) {
  EXPECT_EQ(ReadMemoryStalls(root_.path()), std::nullopt);
  for (const char* text : {"", "some", "some avg10=much avg60=0.00", "all avg10=0.00 avg60=0.00"}) {
    root_.Write("/proc/pressure/memory", text);
    EXPECT_EQ(ReadMemoryStalls(root_.path()), std::nullopt) << text;
  }
}

TEST_F(MemoryStallsTest, AreAmongTheSensors) {
  ReadWith("30.00", "0.00");
  EXPECT_EQ(FindSensors({.root = root_.path()}).memory(), MemoryPressure::kWarning);
}

// A Mac whose kernel says so.
std::optional<MemoryPressure> DarwinPressure(int32_t level) {
  return ReadDarwinMemoryPressure([level](const std::string& name) -> std::optional<std::string> {
    if (name != "kern.memorystatus_vm_pressure_level") return std::nullopt;
    return std::string(reinterpret_cast<const char*>(&level), sizeof(level));
  });
}

TEST(DarwinMemoryPressureTest, IsOneOfThreeLevels) {
  EXPECT_EQ(DarwinPressure(1), MemoryPressure::kNormal);
  EXPECT_EQ(DarwinPressure(2), MemoryPressure::kWarning);
  EXPECT_EQ(DarwinPressure(4), MemoryPressure::kCritical);
  EXPECT_EQ(DarwinPressure(0), std::nullopt);
  EXPECT_EQ(DarwinPressure(3), std::nullopt);
}

TEST(DarwinMemoryPressureTest, IsNotKnownWhereTheNameIsNot) {
  EXPECT_EQ(ReadDarwinMemoryPressure([](const std::string&) { return std::nullopt; }), std::nullopt);
}

}  // namespace
}  // namespace bitnet

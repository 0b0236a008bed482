#include "tests/fuzz/allocation_meter.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace bitnet {
namespace {

#if defined(__linux__)
constexpr bool kCounts = true;
#else
constexpr bool kCounts = false;
#endif

class AllocationMeterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kCounts) {
      GTEST_SKIP() << "counts on Linux only";
    }
  }
};

TEST_F(AllocationMeterTest, TellsWhatIsAskedForFromWhatIsHeld) {
  const std::vector<char> before(1 << 20);
  const AllocationMeter meter;
  for (int i = 0; i < 10; ++i) {
    const std::vector<char> bytes(100000);
    const char* volatile seen = bytes.data();  // Or the compiler leaves both new and delete out.
    static_cast<void>(seen);
  }
  EXPECT_GE(meter.allocated(), 1000000u);
  EXPECT_LT(meter.allocated(), 1100000u);
  EXPECT_GE(meter.peak(), 100000u);
  EXPECT_LT(meter.peak(), 110000u);
}

TEST_F(AllocationMeterTest, CountsAlignedMemory) {
  struct alignas(64) Line {
    char bytes[64];
  };
  const AllocationMeter meter;
  const auto line = std::make_unique<Line>();
  const Line* volatile seen = line.get();
  static_cast<void>(seen);
  EXPECT_GE(meter.allocated(), sizeof(Line));
}

TEST_F(AllocationMeterTest, JustifiesMemoryByTheFilesSize) {
  const AllocationMeter meter;
  EXPECT_TRUE(meter.IsJustifiedBy(0));
  const std::vector<char> bytes(2 << 20);
  const char* volatile seen = bytes.data();
  static_cast<void>(seen);
  EXPECT_FALSE(meter.IsJustifiedBy(4000));
  EXPECT_TRUE(meter.IsJustifiedBy(5000));
}

}  // namespace
}  // namespace bitnet

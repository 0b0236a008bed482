#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/kernels/metal/emulator/launch.h"
#include "tests/kernels/metal/emulator/test_kernels.h"

namespace bitnet::emulation {
namespace {

const Kernel& Find(const std::string& name) {
  return *std::ranges::find_if(TestKernels(), [&](const Kernel& kernel) { return kernel.name == name; });
}

Argument Of(const char* name, Buffer& buffer) {
  return {.name = name, .data = buffer.data(), .size = buffer.size(), .margin = Buffer::kMargin};
}

std::vector<int> Counted(int n) {
  std::vector<int> values(n);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

void ExpectFault(const std::string& found, const std::string& wanted) {
  EXPECT_NE(found.find(wanted), std::string::npos) << "found: " << found << "\nwanted: " << wanted;
}

TEST(EmulatorTest, RunsEveryLaneOfEveryThreadgroup) {
  const std::vector<int> numbers = Counted(192);
  Buffer x(std::span<const int>{numbers}), y(192 * sizeof(int));
  const Argument arguments[] = {Of("x", x), Of("y", y)};
  ASSERT_EQ(Launch(Find("sum_by_shuffles"), {.threadgroups = {3, 1, 1}, .simdgroups = 2}, arguments), "");
  for (int i = 0; i < 192; ++i) {
    const int first = i / 32 * 32 + 1;
    EXPECT_EQ(y.As<int>()[i], 32 * first + 31 * 16 + i / 32 % 2);
  }
}

class MirrorTest : public testing::Test {
 protected:
  std::string Run(uint32_t barriers, size_t threadgroup_bytes) {
    Buffer count(std::span<const uint32_t>{&barriers, 1});
    const Argument arguments[] = {Of("x", x_), Of("y", y_), Of("barriers", count)};
    return Launch(Find("mirror"), {.simdgroups = 2, .threadgroup_bytes = threadgroup_bytes}, arguments);
  }
  const std::vector<int> numbers_ = Counted(64);
  Buffer x_{std::span<const int>{numbers_}};
  Buffer y_{64 * sizeof(int)};
};

TEST_F(MirrorTest, LanesMeetAtBarriers) {
  for (uint32_t barriers : {1, 2, 3}) {
    ASSERT_EQ(Run(barriers, 256), "");
    for (int i = 0; i < 64; ++i) EXPECT_EQ(y_.As<int>()[i], 64 - i);
  }
}

TEST_F(MirrorTest, FindsReadsThatComeTooEarly) { ExpectFault(Run(0, 256), "nobody has written"); }
TEST_F(MirrorTest, FindsTooLittleThreadgroupMemory) {
  ExpectFault(Run(1, 240), "a write of 4 bytes at 240 of threadgroup memory, which has 240");
}
TEST_F(MirrorTest, FindsTooMuchThreadgroupMemory) { ExpectFault(Run(1, 32784), "are more than 32768"); }
TEST_F(MirrorTest, FindsAMissingArgument) {
  ExpectFault(Launch(Find("mirror"), {.threadgroup_bytes = 256}, {}), "it takes 4 arguments, not 1");
}

TEST(EmulatorTest, FindsABarrierThatNotAllComeTo) {
  Buffer y(64 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  const std::string found = Launch(Find("barrier_of_half"), {.simdgroups = 2}, arguments);
  ExpectFault(found, "waits at threadgroup_barrier in line");
  ExpectFault(found, "of test_kernels.metal, but lane 32 has ended");
  // With the SIMD group that comes alone it is right.
  EXPECT_EQ(Launch(Find("barrier_of_half"), {.simdgroups = 1}, arguments), "");
}

TEST(EmulatorTest, FindsLanesThatMeetDifferentOperations) {
  Buffer y(32 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  ExpectFault(Launch(Find("different_meetings"), {}, arguments), "lane 7 waits at simd_max");
}

TEST(EmulatorTest, FindsALaneThatHasLeft) {
  Buffer y(32 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  ExpectFault(Launch(Find("lane_that_leaves"), {}, arguments), "waits at simd_sum");
  ExpectFault(Launch(Find("lane_that_leaves"), {}, arguments), "lane 5 has ended");
}

TEST(EmulatorTest, PoisonsAShuffleFromBeyondTheSimdgroup) {
  Buffer y(32 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  ASSERT_EQ(Launch(Find("shuffle_from_beyond"), {}, arguments), "");
  for (int i = 0; i < 32; ++i) EXPECT_EQ(y.As<int>()[i], i < 28 ? i + 4 : -1);
}

class CopyTest : public testing::Test {
 protected:
  std::string Run(size_t x_size, size_t y_size, int offset, size_t misalignment = 0) {
    Buffer x(x_size), y(y_size, misalignment), at(std::span<const int>{&offset, 1});
    const Argument arguments[] = {Of("x", x), Of("y", y), Of("offset", at)};
    return Launch(Find("copy_to"), {}, arguments);
  }
};

TEST_F(CopyTest, ReachesTheLastByte) { EXPECT_EQ(Run(128, 128 + 16, 16), ""); }
TEST_F(CopyTest, FindsAReadBeyondABuffer) {
  ExpectFault(Run(127, 128, 0), "lane 31: a read of 4 bytes at 124 of x, which has 127");
}
TEST_F(CopyTest, FindsAWriteBeyondABuffer) {
  ExpectFault(Run(128, 128, 4), "lane 31: a write of 4 bytes at 128 of y, which has 128");
}
TEST_F(CopyTest, FindsAWriteBeforeABuffer) {
  ExpectFault(Run(128, 128, -8), "lane 0: a write of 4 bytes at -8 of y, which has 128");
}
TEST_F(CopyTest, FindsAMisalignedAddress) {
  ExpectFault(Run(128, 130, 2), "a write of 4 bytes at 2 of y, which is not aligned");
  ExpectFault(Run(128, 128, 0, 2), "which is not aligned");
}

TEST(EmulatorTest, FindsARaceBetweenThreadgroups) {
  Buffer y(32 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  EXPECT_EQ(Launch(Find("groups_that_race"), {}, arguments), "");
  ExpectFault(Launch(Find("groups_that_race"), {.threadgroups = {2, 1, 1}}, arguments),
              "that races with lane 0 of threadgroup 0");
}

TEST(EmulatorTest, FindsARaceBetweenLanes) {
  Buffer y(32 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  ExpectFault(Launch(Find("lanes_that_race"), {.threadgroup_bytes = 16}, arguments),
              "lane 1: a write of 4 bytes at 0 of threadgroup memory that races with lane 0");
}

TEST(EmulatorTest, FindsABarrierThatOrdersOtherMemory) {
  for (uint32_t fence : {0, 1}) {
    Buffer y(64 * sizeof(int)), which(std::span<const uint32_t>{&fence, 1});
    const Argument arguments[] = {Of("y", y), Of("fence", which)};
    const std::string found = Launch(Find("neighbours"), {}, arguments);
    if (fence == 1) {
      EXPECT_EQ(found, "");
    } else {
      ExpectFault(found, "lane 0: a read of 4 bytes at 4 of y that races with lane 1");
    }
  }
}

TEST(EmulatorTest, ForgetsThreadgroupMemoryBetweenThreadgroups) {
  Buffer y(64 * sizeof(int));
  const Argument arguments[] = {Of("y", y)};
  const Dispatch one = {.threadgroup_bytes = 128};
  EXPECT_EQ(Launch(Find("unwritten"), one, arguments), "");
  const Dispatch two = {.threadgroups = {2, 1, 1}, .threadgroup_bytes = 128};
  ExpectFault(Launch(Find("unwritten"), two, arguments),
              "threadgroup 1, lane 0: a read of 4 bytes at 0 of "
              "threadgroup memory that nobody has written");
}

// Bits of halves that are small integers.
uint16_t HalfOf(int value) {
  if (value == 0) return 0;
  const uint16_t sign = value < 0 ? 0x8000 : 0;
  const int magnitude = std::abs(value);
  const int exponent = static_cast<int>(std::log2(magnitude));
  return static_cast<uint16_t>(sign | (exponent + 15) << 10 | (magnitude << (10 - exponent) & 0x3ff));
}

TEST(EmulatorTest, MultipliesMatrices) {
  std::mt19937 rng(1);
  std::uniform_int_distribution<int> byte(-128, 127);
  int a[64], b[64];
  uint16_t a_bits[64], b_bits[64];
  for (int i = 0; i < 64; ++i) {
    a_bits[i] = HalfOf(a[i] = byte(rng));
    b_bits[i] = HalfOf(b[i] = byte(rng));
  }
  Buffer left(std::span<const uint16_t>{a_bits}), right(std::span<const uint16_t>{b_bits}), y(256);
  const Argument arguments[] = {Of("a", left), Of("b", right), Of("y", y)};
  ASSERT_EQ(Launch(Find("matrix_product"), {}, arguments), "");
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < 8; ++column) {
      int sum = 0;
      for (int k = 0; k < 8; ++k) sum += a[row * 8 + k] * b[column * 8 + k];
      EXPECT_EQ(y.As<float>()[row * 8 + column], static_cast<float>(sum));
    }
  }
}

TEST(EmulatorTest, MarksMatrixProductsWhoseSumsHaveAnOrder) {
  const uint16_t fraction = 0x1400;  // 2^-10
  std::vector<uint16_t> bits(64, fraction);
  Buffer left(std::span<const uint16_t>{bits}), right(std::span<const uint16_t>{bits}), y(256);
  const Argument arguments[] = {Of("a", left), Of("b", right), Of("y", y)};
  ASSERT_EQ(Launch(Find("matrix_product"), {}, arguments), "");
  EXPECT_TRUE(std::isnan(y.As<float>()[0]));
}

TEST(EmulatorDeathTest, EndsAtAnAddressFarFromEverything) {
  const int offset = 1 << 20;
  Buffer x(128), y(2 << 20), at(std::span<const int>{&offset, 1});
  const Argument arguments[] = {Of("x", x), {.name = "y", .data = y.data(), .size = 128}, Of("offset", at)};
  EXPECT_DEATH(Launch(Find("copy_to"), {}, arguments), "lane 0 writes .*, far from all buffers");
}

}  // namespace
}  // namespace bitnet::emulation

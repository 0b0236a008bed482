#include "worker/cpu_affinity.h"

#include <gtest/gtest.h>

#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace bitnet {
namespace {

TEST(CpuListTest, TakesNumbersAndRanges) {
  EXPECT_EQ(*ParseCpuList("5"), (std::vector<int>{5}));
  EXPECT_EQ(*ParseCpuList("0-3,8,10-11"), (std::vector<int>{0, 1, 2, 3, 8, 10, 11}));
}

TEST(CpuListTest, ShowsThePartThatIsWrong) {
  for (const char* part : {"", "x", "-1", "1-", "3-2", "1-2-3", "1024", "0-1024"}) {
    const absl::Status status = ParseCpuList(std::string("0,") + part).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << part;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"" + std::string(part) + "\" is neither",
                        std::string(status.message()));
  }
}

#ifdef __linux__
TEST(PinToCpusTest, HoldsForTheThreadAndThoseItStarts) {
  std::thread([] {
    cpu_set_t allowed;
    ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &allowed)) ++cpu;
    ASSERT_TRUE(PinToCpus(std::vector<int>{cpu}).ok());
    std::thread([cpu] {
      cpu_set_t inherited;
      ASSERT_EQ(sched_getaffinity(0, sizeof(inherited), &inherited), 0);
      EXPECT_EQ(CPU_COUNT(&inherited), 1);
      EXPECT_TRUE(CPU_ISSET(cpu, &inherited));
    }).join();
  }).join();
}

TEST(PinToCpusTest, RefusesCpusThatDoNotExist) {
  EXPECT_TRUE(absl::IsInvalidArgument(PinToCpus(std::vector<int>{1023})));
}
#endif

}  // namespace
}  // namespace bitnet

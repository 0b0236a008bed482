#include "engine/threads/default_threads.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

int AppleThreads(const std::string& chip, int performance_cores, int efficiency_cores) {
  return DefaultThreads({.chip = chip,
                         .performance_cores = performance_cores,
                         .efficiency_cores = efficiency_cores,
                         .usable_cpus = performance_cores + efficiency_cores});
}

// `num` CPUs of their own cores, from number `first` on.
std::vector<LinuxCpu> Cores(int first, int num, int64_t speed) {
  std::vector<LinuxCpu> cpus;
  for (int number = first; number < first + num; ++number) {
    cpus.push_back({number, {number}, speed});
  }
  return cpus;
}

std::vector<LinuxCpu> operator+(std::vector<LinuxCpu> a, const std::vector<LinuxCpu>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Four cores of two threads each: 0 and 4 share one, 1 and 5, …
std::vector<LinuxCpu> TwoThreadsPerCore() {
  std::vector<LinuxCpu> cpus;
  for (int number = 0; number < 8; ++number) {
    cpus.push_back({number, {number % 4, number % 4 + 4}, 3000000});
  }
  return cpus;
}

TEST(DefaultThreadsTest, GivesM1AndM2UpToEight) {
  EXPECT_EQ(AppleThreads("Apple M1", 4, 4), 4);
  EXPECT_EQ(AppleThreads("Apple M1 Pro", 6, 2), 6);
  EXPECT_EQ(AppleThreads("Apple M1 Ultra", 16, 4), 8);
  EXPECT_EQ(AppleThreads("Apple M2 Pro", 8, 4), 8);
  EXPECT_EQ(AppleThreads("Apple M2 Ultra", 16, 8), 8);
  EXPECT_EQ(AppleThreads("Apple M1 (Virtual)", 12, 0), 8);
}

TEST(DefaultThreadsTest, GivesM3AndM3ProUpToTen) {
  EXPECT_EQ(AppleThreads("Apple M3", 4, 4), 4);
  EXPECT_EQ(AppleThreads("Apple M3 Pro", 6, 6), 6);
  EXPECT_EQ(AppleThreads("Apple M3 Pro", 12, 0), 10);
}

TEST(DefaultThreadsTest, GivesM3MaxTwelve) {
  EXPECT_EQ(AppleThreads("Apple M3 Max", 12, 4), 12);
  EXPECT_EQ(AppleThreads("Apple M3 Max", 10, 4), 12);
  EXPECT_EQ(AppleThreads("Apple M3 Max", 4, 0), 4);  // A virtual machine has fewer.
}

TEST(DefaultThreadsTest, GivesOtherAppleChipsTheirFastCores) {
  EXPECT_EQ(AppleThreads("Apple M3 Ultra", 24, 8), 24);
  EXPECT_EQ(AppleThreads("Apple M4", 4, 6), 4);
  EXPECT_EQ(AppleThreads("Apple M4 Max", 12, 4), 12);
  EXPECT_EQ(AppleThreads("Apple M5 Max", 6, 12), 6);
  EXPECT_EQ(AppleThreads("Apple M10", 16, 4), 16);
  EXPECT_EQ(AppleThreads("", 5, 0), 5);
}

TEST(DefaultThreadsTest, CountsCoresOfTheFastestKind) {
  EXPECT_EQ(DefaultThreads({.cpus = Cores(0, 6, 0)}), 6);
  EXPECT_EQ(DefaultThreads({.cpus = Cores(0, 4, 400) + Cores(4, 3, 900) + Cores(7, 1, 1024)}), 4);
  EXPECT_EQ(DefaultThreads({.cpus = Cores(0, 8, 5000000) + Cores(8, 16, 3900000)}), 8);
}

TEST(DefaultThreadsTest, CountsSiblingsOnce) {
  EXPECT_EQ(DefaultThreads({.cpus = TwoThreadsPerCore()}), 4);
  EXPECT_EQ(DefaultThreads({.cpus = TwoThreadsPerCore(), .affinity = std::vector<int>{1, 4, 5, 6}}), 3);
}

TEST(DefaultThreadsTest, KeepsToTheAffinity) {
  const std::vector<LinuxCpu> cpus = Cores(0, 4, 400) + Cores(4, 4, 1024);
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .affinity = std::vector<int>{0, 1, 4, 5, 6}}), 3);
  // Nothing fast is left: the fastest of what may be used.
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .affinity = std::vector<int>{0, 1}}), 2);
}

TEST(DefaultThreadsTest, KeepsToTheQuotaRoundedUp) {
  const std::vector<LinuxCpu> cpus = Cores(0, 8, 0);
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .quota = 2}), 2);
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .quota = 2.25}), 3);
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .quota = 0.1}), 1);
  EXPECT_EQ(DefaultThreads({.cpus = cpus, .quota = 1e18}), 8);
}

TEST(DefaultThreadsTest, UsesAllCpusWhereTheSystemTellsNothing) {
  EXPECT_EQ(DefaultThreads({.usable_cpus = 6}), 6);
  EXPECT_EQ(DefaultThreads({.quota = 3, .usable_cpus = 6}), 3);
  EXPECT_EQ(DefaultThreads({}), 1);
  EXPECT_EQ(DefaultThreads({.cpus = Cores(0, 2, 0), .affinity = std::vector<int>{}, .usable_cpus = 2}), 2);
}

TEST(ThreadCandidatesTest, AreRisingAndDistinct) {
  EXPECT_EQ(ThreadCandidates({.cpus = TwoThreadsPerCore()}), (std::vector<int>{2, 4, 8}));
  EXPECT_EQ(ThreadCandidates({.cpus = Cores(0, 8, 5000) + Cores(8, 16, 3900)}), (std::vector<int>{4, 8, 24}));
  EXPECT_EQ(ThreadCandidates({.cpus = Cores(0, 2, 0)}), (std::vector<int>{1, 2}));
  EXPECT_EQ(ThreadCandidates({.cpus = Cores(0, 1, 0)}), std::vector<int>{1});
  EXPECT_EQ(ThreadCandidates({.cpus = Cores(0, 16, 0), .quota = 2.5}), (std::vector<int>{2, 3}));
  EXPECT_EQ(ThreadCandidates({.chip = "Apple M4 Pro", .performance_cores = 10, .efficiency_cores = 4}),
            (std::vector<int>{5, 10, 14}));
  EXPECT_EQ(ThreadCandidates({.usable_cpus = 4}), (std::vector<int>{2, 4}));
}

}  // namespace
}  // namespace bitnet

// What Linux tells about threads.
#include <gtest/gtest.h>

#include "engine/threads/default_threads.h"
#include "tests/base/fake_root.h"

namespace bitnet {
namespace {

constexpr const char* kCpus = "/sys/devices/system/cpu/";

void WriteCpu(const FakeRoot& root, int cpu, const std::string& siblings, const std::string& file,
              const std::string& speed) {
  const std::string dir = kCpus + ("cpu" + std::to_string(cpu));
  root.Write(dir + "/topology/thread_siblings_list", siblings);
  root.Write(dir + file, speed);
}

TEST(ThreadFactsTest, ReadsAnArmBoard) {
  const FakeRoot root;
  root.Write(std::string(kCpus).append("online"), "0-5");
  for (int cpu = 0; cpu < 6; ++cpu) {
    WriteCpu(root, cpu, std::to_string(cpu), "/cpu_capacity", cpu < 4 ? "485" : "1024");
  }
  const ThreadFacts facts = ReadThreadFacts(root.path());
  ASSERT_EQ(facts.cpus.size(), 6u);
  EXPECT_EQ(facts.cpus[0].speed, 485);
  EXPECT_EQ(facts.cpus[5].speed, 1024);
  EXPECT_FALSE(facts.affinity.has_value());
  EXPECT_FALSE(facts.quota.has_value());
  EXPECT_EQ(DefaultThreads(facts), 2);
}

TEST(ThreadFactsTest, ReadsAHybridPc) {
  const FakeRoot root;
  root.Write(std::string(kCpus).append("online"), "0-7");
  for (int cpu = 0; cpu < 8; ++cpu) {
    const int core = cpu / 2 * 2;
    const std::string siblings =
        cpu < 4 ? std::to_string(core) + "-" + std::to_string(core + 1) : std::to_string(cpu);
    WriteCpu(root, cpu, siblings, "/cpufreq/cpuinfo_max_freq", cpu < 4 ? "5200000" : "3900000");
  }
  EXPECT_EQ(DefaultThreads(ReadThreadFacts(root.path())), 2);

  root.Write("/proc/self/status", "Name:\tbitnet\nCpus_allowed:\tf1\nCpus_allowed_list:\t0,4-7");
  EXPECT_EQ(DefaultThreads(ReadThreadFacts(root.path())), 1);
  // The thread's own counts before the process's.
  root.Write("/proc/thread-self/status", "Cpus_allowed_list:\t4-7");
  EXPECT_EQ(DefaultThreads(ReadThreadFacts(root.path())), 4);

  root.Write("/proc/self/cgroup", "0::/");
  root.Write("/sys/fs/cgroup/cpu.max", "120000 100000");
  EXPECT_EQ(DefaultThreads(ReadThreadFacts(root.path())), 2);
}

TEST(ThreadFactsTest, ReadsThisMachine) {
  EXPECT_GE(DefaultThreads(ReadThreadFacts()), 1);
  EXPECT_FALSE(ThreadCandidates(ReadThreadFacts()).empty());
}

}  // namespace
}  // namespace bitnet

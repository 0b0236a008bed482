#include "base/topology.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace bitnet {
namespace {

// A sysfs tree in a temporary directory.
class TopologyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/topology-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + "/sys/devices/system/cpu/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << "\n";
  }

  // One CPU, its siblings, the CPUs it shares its last-level cache with, and its top frequency.
  void WriteCpu(int cpu, const std::string& siblings, const std::string& shared,
                const std::string& max_freq) {
    const std::string dir = "cpu" + std::to_string(cpu) + "/";
    Write(dir + "topology/thread_siblings_list", siblings);
    Write(dir + "cache/index0/level", "1");
    Write(dir + "cache/index0/shared_cpu_list", siblings);
    Write(dir + "cache/index1/level", "3");
    Write(dir + "cache/index1/shared_cpu_list", shared);
    if (!max_freq.empty()) {
      Write(dir + "cpufreq/cpuinfo_max_freq", max_freq);
    }
  }

  std::string root_;
};

TEST_F(TopologyTest, MakesOneClusterPerSharedCache) {
  Write("online", "0-3");
  WriteCpu(0, "0", "0-1", "");
  WriteCpu(1, "1", "0-1", "");
  WriteCpu(2, "2", "2-3", "");
  WriteCpu(3, "3", "2-3", "");
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0].name, "P0");
  EXPECT_EQ(clusters[0].cpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(clusters[1].name, "P1");
  EXPECT_EQ(clusters[1].cpus, (std::vector<int>{2, 3}));
  EXPECT_EQ(clusters[1].num_cores, 2);
}

TEST_F(TopologyTest, PutsEfficiencyCoresIntoTheirOwnClusterLast) {
  Write("online", "0-3");
  WriteCpu(0, "0", "0-3", "2000000");
  WriteCpu(1, "1", "0-3", "2000000");
  WriteCpu(2, "2", "0-3", "3900000");
  WriteCpu(3, "3", "0-3", "4000000");  // A favoured core is still of the same kind.
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0].name, "P0");
  EXPECT_EQ(clusters[0].cpus, (std::vector<int>{2, 3}));
  EXPECT_EQ(clusters[0].kind, CoreKind::kPerformance);
  EXPECT_EQ(clusters[1].kind, CoreKind::kEfficiency);
  EXPECT_EQ(clusters[1].name, "E0");
  EXPECT_EQ(clusters[1].cpus, (std::vector<int>{0, 1}));
}

TEST_F(TopologyTest, ListsSiblingThreadsAfterTheCoresFirstOnes) {
  Write("online", "0-3");
  WriteCpu(0, "0-1", "0-3", "");
  WriteCpu(1, "0-1", "0-3", "");
  WriteCpu(2, "2-3", "0-3", "");
  WriteCpu(3, "2-3", "0-3", "");
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].cpus, (std::vector<int>{0, 2, 1, 3}));
  EXPECT_EQ(clusters[0].num_cores, 2);
}

TEST_F(TopologyTest, LeavesOutCpusThatAreOffline) {
  Write("online", "0,2");
  WriteCpu(0, "0", "0-2", "");
  WriteCpu(1, "1", "0-2", "");
  WriteCpu(2, "2", "0-2", "");
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].cpus, (std::vector<int>{0, 2}));
}

TEST_F(TopologyTest, TreatsASilentSystemAsOneCluster) {
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].name, "P0");
  EXPECT_EQ(clusters[0].kind, CoreKind::kUnknown);
  EXPECT_GE(clusters[0].num_cores, 1);
}

TEST_F(TopologyTest, IgnoresNonsenseInTheCpuList) {
  Write("online", "x,0-0,-5,2-1");
  WriteCpu(0, "0", "0", "");
  const std::vector<CpuCluster> clusters = DiscoverClusters(root_);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].cpus, std::vector<int>{0});
}

}  // namespace
}  // namespace bitnet

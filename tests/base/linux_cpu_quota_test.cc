#include "base/linux_cpu_quota.h"

#include <gtest/gtest.h>

#include "tests/base/fake_root.h"

namespace bitnet {
namespace {

TEST(LinuxCpuQuotaTest, ReadsVersion2) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/system.slice/bitnet.service");
  root.Write("/sys/fs/cgroup/system.slice/bitnet.service/cpu.max", "150000 100000");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), 1.5);
}

TEST(LinuxCpuQuotaTest, ReadsVersion1) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "7:memory:/a\n4:cpu,cpuacct:/docker/c\n0::/a");
  root.Write("/sys/fs/cgroup/cpu,cpuacct/docker/c/cpu.cfs_quota_us", "200000");
  root.Write("/sys/fs/cgroup/cpu,cpuacct/docker/c/cpu.cfs_period_us", "100000");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), 2);
}

TEST(LinuxCpuQuotaTest, FindsVersion1UnderTheControllersOwnName) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "4:cpuacct,cpu:/c");
  root.Write("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "50000");
  root.Write("/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), 0.5);
}

TEST(LinuxCpuQuotaTest, TakesTheLowestOfTheGroupsAbove) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/a/b/c");
  root.Write("/sys/fs/cgroup/a/cpu.max", "300000 100000");
  root.Write("/sys/fs/cgroup/a/b/cpu.max", "max 100000");
  root.Write("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), 3);
}

TEST(LinuxCpuQuotaTest, FindsAContainersGroupAtTheMount) {
  for (const char* group : {"0::/", "0::/docker/0123", "0::/../../else"}) {
    const FakeRoot root;
    root.Write("/proc/self/cgroup", group);
    root.Write("/sys/fs/cgroup/cpu.max", "250000 100000");
    EXPECT_EQ(ReadLinuxCpuQuota(root.path()), 2.5) << group;
  }
}

TEST(LinuxCpuQuotaTest, KnowsWhereThereIsNone) {
  const FakeRoot root;
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), std::nullopt);
  root.Write("/proc/self/cgroup", "nonsense\n3:cpu:/v1\n0::/v2");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), std::nullopt);
  root.Write("/sys/fs/cgroup/cpu/v1/cpu.cfs_quota_us", "-1");
  root.Write("/sys/fs/cgroup/cpu/v1/cpu.cfs_period_us", "100000");
  root.Write("/sys/fs/cgroup/v2/cpu.max", "max 100000");
  EXPECT_EQ(ReadLinuxCpuQuota(root.path()), std::nullopt);
}

TEST(LinuxCpuQuotaTest, TakesNonsenseForNoLimit) {
  for (const char* text :
       {"", "x", "1", "0 100000", "100000 0", "-5 100", "1 2 3", "99999999999999999999 1"}) {
    const FakeRoot root;
    root.Write("/proc/self/cgroup", "0::/");
    root.Write("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(ReadLinuxCpuQuota(root.path()), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace bitnet

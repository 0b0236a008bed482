#include "base/apple/chip.h"

#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "base/apple/translation.h"
#include "kernels/cpu_features_apple.h"
#include "tests/apple/macs.h"

namespace bitnet {
namespace {

std::string Names(const std::vector<CpuCluster>& clusters) {
  return absl::StrJoin(clusters, " ",
                       [](std::string* out, const CpuCluster& cluster) { out->append(cluster.name); });
}

TEST(SysctlTest, ReadsNumbersOfBothSizesAndNothingElse) {
  const SysctlReader reader =
      SysctlTable().Integer("four", -5).Quad("eight", int64_t{1} << 40).Text("text", "abc").reader();
  EXPECT_EQ(SysctlInteger(reader, "four"), -5);
  EXPECT_EQ(SysctlInteger(reader, "eight"), int64_t{1} << 40);
  EXPECT_EQ(SysctlInteger(reader, "missing"), std::nullopt);
  EXPECT_EQ(SysctlInteger([](const std::string&) { return std::string("ab"); }, "of two bytes"),
            std::nullopt);
  EXPECT_EQ(SysctlText(reader, "text"), "abc");
  EXPECT_EQ(SysctlText(reader, "missing"), std::nullopt);
}

TEST(ReadAppleChipTest, ReadsLevelsByNumberWhateverTheyAreCalled) {
  const AppleChip chip = ReadAppleChip(SysctlTable::Of(FindMac("Apple M5 Max")).reader());
  ASSERT_EQ(chip.levels.size(), 2u);
  EXPECT_EQ(chip.levels[0].name, "Super");
  EXPECT_EQ(chip.levels[0].cores, 6);
  EXPECT_EQ(chip.levels[1].name, "Performance");
  EXPECT_EQ(chip.levels[1].cores, 12);
  EXPECT_EQ(chip.cores, 18);
  EXPECT_EQ(chip.page_bytes, 16384);
}

TEST(ReadAppleChipTest, TakesCachesFromTheLevelAndNotFromTheNamesWithoutOne) {
  const AppleChip chip = ReadAppleChip(SysctlTable::Of(FindMac("Apple M4 Pro", 14)).reader());
  EXPECT_EQ(chip.levels[0].l2_bytes, 16 << 20);
  EXPECT_EQ(chip.levels[0].l1d_bytes, 128 << 10);
  EXPECT_EQ(chip.levels[1].l2_bytes, 4 << 20);
}

TEST(ReadAppleChipTest, ManagesWithWhatIsNotTold) {
  SysctlTable table = SysctlTable::Of(FindMac("Apple M1 Pro", 10));
  const AppleChip whole = ReadAppleChip(table.Without("hw.perflevel0.cpusperl2").reader());
  EXPECT_EQ(whole.levels[0].cores_per_cluster, 8);
  const AppleChip fast_ones = ReadAppleChip(table.Without("hw.perflevel1.physicalcpu").reader());
  EXPECT_EQ(fast_ones.levels.size(), 1u);
  EXPECT_EQ(fast_ones.cores, 10);
  const AppleChip nothing = ReadAppleChip([](const std::string&) { return std::nullopt; });
  EXPECT_EQ(nothing.cores, 1);
  EXPECT_EQ(Names(ClustersOf(nothing)), "P0");
}

TEST(ClustersOfTest, GivesOnePerSecondLevelCache) {
  const AppleChip chip = ReadAppleChip(SysctlTable::Of(FindMac("Apple M1 Ultra")).reader());
  const std::vector<CpuCluster> clusters = ClustersOf(chip);
  EXPECT_EQ(Names(clusters), "P0 P1 P2 P3 E0 E1");
  EXPECT_EQ(clusters[3].num_cores, 4);
  EXPECT_EQ(clusters[3].kind, CoreKind::kPerformance);
  EXPECT_EQ(clusters[5].num_cores, 2);
  EXPECT_EQ(clusters[5].kind, CoreKind::kEfficiency);
}

TEST(ClustersOfTest, LeavesNoCoreOut) {
  for (const Mac& mac : AllMacs()) {
    const AppleChip chip = ReadAppleChip(SysctlTable::Of(mac).reader());
    int cores = 0;
    for (const CpuCluster& cluster : ClustersOf(chip)) {
      EXPECT_GT(cluster.num_cores, 0) << mac.chip;
      cores += cluster.num_cores;
    }
    EXPECT_EQ(cores, chip.cores) << mac.chip;
  }
}

TEST(ClustersOfTest, KnowsNoKindsOnAnIntelMac) {
  const AppleChip chip = ReadAppleChip(SysctlTable()
                                           .Text("machdep.cpu.brand_string", "Intel(R) Core(TM) i5")
                                           .Integer("hw.physicalcpu", 6)
                                           .reader());
  const std::vector<CpuCluster> clusters = ClustersOf(chip);
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].num_cores, 6);
  EXPECT_EQ(clusters[0].kind, CoreKind::kUnknown);
}

TEST(CheckNotTranslatedTest, RefusesRosettaAndSaysWhatIsWanted) {
  SysctlTable table = SysctlTable::Of(FindMac("Apple M4"));
  EXPECT_TRUE(CheckNotTranslated(ReadAppleChip(table.reader())).ok());
  EXPECT_TRUE(CheckNotTranslated(ReadAppleChip(table.Integer("sysctl.proc_translated", 0).reader())).ok());
  const absl::Status status =
      CheckNotTranslated(ReadAppleChip(table.Integer("sysctl.proc_translated", 1).reader()));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* part : {"x86_64", "Apple M4", "arm64"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
}

TEST(AppleCpuFeaturesTest, KnowsDotProductsWhereTheSystemNamesThem) {
  const auto features = [](const SysctlReader& reader) {
    return AppleCpuFeatures([&](const char* name) { return SysctlInteger(reader, name).value_or(0) != 0; });
  };
  const std::string dot = "hw.optional.arm.FEAT_DotProd";
  const std::string i8mm = "hw.optional.arm.FEAT_I8MM";
  EXPECT_FALSE(Covers(features(SysctlTable().reader()), kNeonDot));
  EXPECT_FALSE(Covers(features(SysctlTable().Integer(dot, 0).reader()), kNeonDot));
  EXPECT_TRUE(Covers(features(SysctlTable().Integer(dot, 1).reader()), kNeonDot));
  EXPECT_FALSE(Covers(features(SysctlTable().Integer(dot, 1).Integer(i8mm, 1).reader()), kNeonI8mm));
}

}  // namespace
}  // namespace bitnet

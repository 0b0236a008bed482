#include "bench/gemm/gemm_case.h"

#include <gtest/gtest.h>

#include <set>

#include "bench/gemm/kernels_command.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using Cases = std::vector<GemmCase> (*)(const GemmShape&, size_t, CpuFeatures);
constexpr Cases kAll[] = {TernaryGemmCases, TernaryPanelCases, Base3GemmCases, Base3PanelCases,
                          GroupedGemmCases, Int6GemmCases,     FloatGemmCases, SignGemmCases};
const GemmShape kShape = {"48x256", 48, 256};

TEST(GemmCaseTest, AllVariantsEqualPortable) {
  for (const Cases cases : kAll) {
    for (const size_t batch : {1, 3}) {
      for (const GemmCase& gemm : cases(kShape, batch, DetectCpuFeatures())) {
        std::vector<uint8_t> w(gemm.weight_bytes);
        gemm.fill(w.data());
        EXPECT_TRUE(CheckCase(gemm, w.data()).ok()) << gemm.operation << "/" << gemm.variant;
      }
    }
  }
}

TEST(GemmCaseTest, NoticesAWrongResult) {
  GemmCase gemm = TernaryGemmCases(kShape, 1, kNoFeatures).front();
  std::vector<uint8_t> w(gemm.weight_bytes);
  gemm.fill(w.data());
  const auto right = gemm.run;
  gemm.run = [right](const uint8_t* weights, size_t begin, size_t end, float* y) {
    right(weights, begin, end, y);
    y[5] += 1;
  };
  EXPECT_EQ(CheckCase(gemm, w.data()).code(), absl::StatusCode::kInternal);
}

TEST(GemmCaseTest, TilesMayBeRunInParts) {
  for (const Cases cases : kAll) {
    for (const GemmCase& gemm : cases(kShape, 2, DetectCpuFeatures())) {
      std::vector<uint8_t> w(gemm.weight_bytes);
      gemm.fill(w.data());
      std::vector<float> whole(2 * kShape.rows), parts(whole.size());
      gemm.run(w.data(), 0, gemm.tiles, whole.data());
      gemm.run(w.data(), 1, gemm.tiles, parts.data());
      gemm.run(w.data(), 0, 1, parts.data());
      EXPECT_EQ(parts, whole) << gemm.operation << "/" << gemm.variant;
    }
  }
}

TEST(GemmCaseTest, LeavesOutShapesThatAnOperationCannotTake) {
  EXPECT_TRUE(TernaryGemmCases({"8x256", 8, 256}, 1, kNoFeatures).empty());
  EXPECT_TRUE(GroupedGemmCases({"16x64", 16, 64}, 1, kNoFeatures).empty());
  EXPECT_TRUE(Int6GemmCases({"16x8192", 16, 8192}, 1, kNoFeatures).empty());
  EXPECT_TRUE(SignGemmCases({"8x32", 8, 32}, 1, kNoFeatures).empty());
}

}  // namespace
}  // namespace bitnet

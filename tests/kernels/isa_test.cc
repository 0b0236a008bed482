#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/cpu_features.h"
#include "kernels/float_gemm/float_gemm.h"
#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/int6_gemm/int6_gemm.h"
#include "kernels/panel_gemm/panel_gemm.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize_sign/quantize_sign.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/sign_gemm/sign_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

TEST(IsaTest, FindsEveryRungByItsName) {
  for (const Isa& isa : Isas()) EXPECT_EQ(FindIsa(isa.name), &isa) << isa.name;
}

TEST(IsaTest, FindsNothingByAnotherName) {
  for (const char* name : {"", "avx2", "x86_avx", "Portable", "portable "})
    EXPECT_EQ(FindIsa(name), nullptr) << name;
}

TEST(IsaTest, EndsWithPortableWhichNeedsNothing) {
  EXPECT_EQ(Isas().back().name, "portable");
  EXPECT_EQ(Isas().back().features, kNoFeatures);
}

TEST(IsaTest, HasTheRungsOfItsArchitectureRichestFirst) {
#if defined(__x86_64__)
  ASSERT_EQ(Isas().size(), 3u);
  EXPECT_EQ(Isas()[0].name, "x86_avx512vnni");
  EXPECT_EQ(Isas()[0].features, kAvx2 | kAvx512Vnni);
  EXPECT_EQ(Isas()[1].name, "x86_avx2");
  EXPECT_EQ(Isas()[1].features, kAvx2);
#elif defined(__aarch64__)
  ASSERT_EQ(Isas().size(), 3u);
  EXPECT_EQ(Isas()[0].name, "arm_neoni8mm");
  EXPECT_EQ(Isas()[0].features, kNeonDot | kNeonI8mm);
  EXPECT_EQ(Isas()[1].name, "arm_neondot");
  EXPECT_EQ(Isas()[1].features, kNeonDot);
#else
  EXPECT_EQ(Isas().size(), 1u);
#endif
}

TEST(IsaTest, PicksTheRichestRungThatIsCovered) {
  for (const Isa& isa : Isas()) EXPECT_EQ(BestIsa(isa.features).name, isa.name);
  EXPECT_EQ(BestIsa(CpuFeatures{~0u}).name, Isas().front().name);
  // AVX-512 without AVX2 is no CPU, but is what a user's mask could leave over.
  EXPECT_EQ(BestIsa(kAvx512Vnni).name, "portable");
  EXPECT_EQ(BestIsa(kNeonI8mm).name, "portable");
}

TEST(IsaTest, CoversOnlyWhatIsThere) {
  EXPECT_TRUE(Covers(kAvx2 | kAvx512Vnni, kAvx2));
  EXPECT_FALSE(Covers(kAvx2, kAvx2 | kAvx512Vnni));
  EXPECT_TRUE(Covers(kNoFeatures, kNoFeatures));
}

TEST(IsaTest, DetectsOnlyFeaturesOfItsArchitecture) {
#if defined(__x86_64__)
  EXPECT_TRUE(Covers(kAvx2 | kAvx512Vnni | kAvx512Popcnt, DetectCpuFeatures()));
#else
  EXPECT_TRUE(Covers(kNeonDot | kNeonI8mm, DetectCpuFeatures()));
#endif
}

// Multiplying matrices of int8 is of use to panels only.
std::vector<Isa> RungsOfMostOperations() {
  std::vector<Isa> rungs(Isas().begin(), Isas().end());
  std::erase_if(rungs, [](const Isa& isa) { return isa.name == "arm_neoni8mm"; });
  return rungs;
}

// A table has one variant for each of `rungs`, in the same order; a rung that is not among them gets the
// variant of the next one that is.
template <typename Kernel>
void ExpectOneKernelPerRung(std::span<const Kernel> kernels, const Kernel& (*select)(CpuFeatures),
                            std::span<const Isa> rungs = RungsOfMostOperations()) {
  ASSERT_EQ(kernels.size(), rungs.size());
  std::set<decltype(Kernel::run)> runs;
  for (size_t i = 0; i < kernels.size(); ++i) {
    EXPECT_EQ(kernels[i].name, rungs[i].name);
    EXPECT_EQ(kernels[i].needs, rungs[i].features);
    runs.insert(kernels[i].run);
  }
  EXPECT_EQ(runs.size(), kernels.size());
  size_t next = 0;
  for (const Isa& isa : Isas()) {
    EXPECT_EQ(select(isa.features).name, std::string(rungs[next].name)) << isa.name;
    if (isa.name == rungs[next].name) ++next;
  }
}

TEST(IsaTest, HasOneKernelPerRungAndOperation) {
  ExpectOneKernelPerRung(AttentionKernels(), SelectAttention);
  ExpectOneKernelPerRung(Base3GemmKernels(), SelectBase3Gemm);
  ExpectOneKernelPerRung(FloatGemmKernels(), SelectFloatGemm);
  ExpectOneKernelPerRung(GroupedGemmKernels(), SelectGroupedGemm);
  ExpectOneKernelPerRung(QuantizeInt8Kernels(), SelectQuantizeInt8);
  ExpectOneKernelPerRung(QuantizeBinaryKernels(), SelectQuantizeBinary);
  ExpectOneKernelPerRung(QuantizeTernaryKernels(), SelectQuantizeTernary);
  ExpectOneKernelPerRung(RoundToBf16Kernels(), SelectRoundToBf16);
  ExpectOneKernelPerRung(QuantizeInt8GroupsKernels(), SelectQuantizeInt8Groups);
  ExpectOneKernelPerRung(Int6GemmKernels(), SelectInt6Gemm);
  ExpectOneKernelPerRung(PanelGemmKernels(), SelectPanelGemm, Isas());
  ExpectOneKernelPerRung(RmsNormKernels(), SelectRmsNorm);
  ExpectOneKernelPerRung(SignFloatGemmKernels(), SelectSignFloatGemm);
  ExpectOneKernelPerRung(TernaryGemmKernels(), SelectTernaryGemm);
}

// Where AVX-512 cannot count bits, products of bit planes are AVX2's.
TEST(IsaTest, CountsBitsWithAvx512OnlyWhereItCan) {
  for (const auto select : {SelectSignBinaryGemm, SelectSignTernaryGemm}) {
    for (const Isa& isa : Isas()) {
      const std::string_view expected = isa.name == "x86_avx512vnni" ? "x86_avx2"
                                        : isa.name == "arm_neoni8mm" ? "arm_neondot"
                                                                     : isa.name;
      EXPECT_EQ(select(isa.features).name, expected);
    }
#if defined(__x86_64__)
    EXPECT_EQ(select(kAvx2 | kAvx512Vnni | kAvx512Popcnt).name, std::string("x86_avx512popcnt"));
#endif
  }
  EXPECT_NE(SelectSignBinaryGemm(kNoFeatures).run, SelectSignTernaryGemm(kNoFeatures).run);
}

}  // namespace
}  // namespace bitnet

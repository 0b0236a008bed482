// What the host knows of the kernels, against the kernels.
#include "kernels/metal/kernel_table.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <string_view>

#include "kernels/metal/metal_source.h"
#include "tests/kernels/metal/metal_kernels.h"

namespace bitnet {
namespace {

size_t Count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(MetalKernelTableTest, IsInTheOrderOfItsNumbers) {
  for (size_t i = 0; i < std::size(kMetalKernels); ++i) {
    EXPECT_EQ(static_cast<size_t>(kMetalKernels[i].kernel), i) << kMetalKernels[i].name;
  }
}

TEST(MetalKernelTableTest, KnowsTheParametersOfEveryKernel) {
  for (const MetalKernelSpec& spec : kMetalKernels) {
    const emulation::Kernel& kernel = FindMetalKernel(spec.name);
    EXPECT_EQ(kernel.num_pointers, spec.num_buffers + (spec.shared_bytes > 0 ? 1 : 0)) << spec.name;
    EXPECT_LE(spec.shared_bytes, emulation::kMaxThreadgroupBytes) << spec.name;
  }
}

TEST(MetalSourceTest, HasEveryKernelOfTheTableAndNoOther) {
  const std::string_view source = kMetalSource;
  EXPECT_EQ(Count(source, "\nkernel void "), std::size(kMetalKernels));
  for (const MetalKernelSpec& spec : kMetalKernels) {
    EXPECT_EQ(Count(source, "\nkernel void " + std::string(spec.name) + "("), 1u) << spec.name;
  }
}

TEST(MetalSourceTest, IncludesNothingButMetalsLibrary) {
  const std::string_view source = kMetalSource;
  EXPECT_EQ(Count(source, "#include \""), 0u);
  EXPECT_EQ(Count(source, "#include <metal_stdlib>"), 1u);
  EXPECT_EQ(Count(source, "#pragma METAL fp contract(off)"), 1u);
}

}  // namespace
}  // namespace bitnet

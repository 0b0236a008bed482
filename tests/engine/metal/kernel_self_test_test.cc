// Kernels that a device gets wrong, in its own way each, are found and named.
#include "engine/metal/self_test/kernel_self_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/metal/metal_device.h"
#include "tests/engine/metal/emulated_device.h"
#include "tests/engine/metal/fake_metal.h"
#include "tests/engine/status_assertions.h"
#include "tests/kernels/metal/metal_kernels.h"

namespace bitnet {
namespace {

TEST(KernelSelfTest, PassesWhereEveryKernelIsRight) {
  EmulatedDevice device;
  KernelTrial trial(&device);
  ASSERT_EQ(trial.Share(), absl::OkStatus());
  EXPECT_EQ(TestKernels(trial), absl::OkStatus());
  for (const MetalKernelSpec& spec : kMetalKernels) {
    EXPECT_TRUE(device.num_dispatches().contains(spec.name)) << spec.name;
  }
}

TEST(KernelSelfTest, NamesAKernelThatDoesNotRun) {
  EmulatedDevice device;
  KernelTrial trial(&device);
  ASSERT_EQ(trial.Share(), absl::OkStatus());
  device.FailRuns("the GPU hangs");
  EXPECT_TRUE(IsError(TestKernel(trial, MetalKernel::kInt6Gemv), absl::StatusCode::kInternal,
                      "self-test: kernel int6_gemv: the GPU hangs"));
}

class FlippedBitTest : public testing::TestWithParam<MetalKernelSpec> {};

// By Metal's own host code, whose runtime is a fake.
TEST_P(FlippedBitTest, IsFoundInEveryResultAndNamed) {
  const MetalKernelSpec& spec = GetParam();
  FakeMetal fake;
  auto device = MetalDevice::Create(UseFakeMetal(&fake), {.interval = absl::Hours(1)});
  ASSERT_TRUE(device.ok()) << device.status();
  KernelTrial trial(device->get());
  ASSERT_EQ(trial.Share(), absl::OkStatus());
  EXPECT_EQ(TestKernel(trial, spec.kernel), absl::OkStatus());
  fake.flipped_function = spec.name;
  const emulation::Kernel& kernel = FindMetalKernel(spec.name);
  // The last buffer is the arguments'; behind it may be threadgroup memory.
  const auto results = std::count(kernel.writable.begin(), kernel.writable.begin() + spec.num_buffers, true);
  ASSERT_GE(results, 1);
  for (ptrdiff_t i = 0; i < results; ++i) {
    fake.flipped_buffer = static_cast<size_t>(i);
    EXPECT_TRUE(IsError(TestKernel(trial, spec.kernel), absl::StatusCode::kInternal,
                        absl::StrCat("self-test: kernel ", spec.name, ": value 0 of ")))
        << "result " << i;
  }
  device->reset();  // Before the memory that it shares.
}

INSTANTIATE_TEST_SUITE_P(AllKernels, FlippedBitTest, testing::ValuesIn(kMetalKernels),
                         [](const auto& spec) { return std::string(spec.param.name); });

TEST(KernelSelfTest, StopsAtTheKernelThatIsWrong) {
  FakeMetal fake;
  auto device = MetalDevice::Create(UseFakeMetal(&fake), {.interval = absl::Hours(1)});
  ASSERT_TRUE(device.ok()) << device.status();
  KernelTrial trial(device->get());
  ASSERT_EQ(trial.Share(), absl::OkStatus());
  fake.flipped_function = "rotate_store";
  EXPECT_TRUE(IsError(TestKernels(trial), absl::StatusCode::kInternal, "kernel rotate_store"));
  EXPECT_EQ(fake.dispatched.back(), "rotate_store");
  device->reset();
}

}  // namespace
}  // namespace bitnet

#include "engine/metal/metal_device.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_commands.h"
#include "kernels/metal/metal_source.h"
#include "tests/engine/metal/fake_metal.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class MetalDeviceTest : public testing::Test {
 protected:
  absl::Status Create(const ResidencyOptions& residency = {.interval = absl::Hours(1)}) {
    auto created = MetalDevice::Create(UseFakeMetal(&fake_), residency);
    if (created.ok()) device_ = *std::move(created);
    return created.status();
  }

  FakeMetal fake_;
  std::unique_ptr<MetalDevice> device_;
};

TEST_F(MetalDeviceTest, CompilesTheKernelsWithoutFastMathematics) {
  ASSERT_EQ(Create(), absl::OkStatus());
  EXPECT_EQ(fake_.source, kMetalSource);
  EXPECT_EQ(fake_.math, "safe");
  EXPECT_EQ(device_->name(), "Apple M4 (fake)");
}

TEST_F(MetalDeviceTest, DoesSoOnOldSystemsToo) {
  fake_.has_math_mode = false;
  ASSERT_EQ(Create(), absl::OkStatus());
  EXPECT_EQ(fake_.math, "not fast");
}

TEST_F(MetalDeviceTest, GivesBackAllThatItOwns) {
  ASSERT_EQ(Create(), absl::OkStatus());
  GpuMemory memory(device_.get());
  GpuArray<float> x(100, memory);
  ASSERT_EQ(memory.Share(), absl::OkStatus());
  device_.reset();
  EXPECT_EQ(fake_.live_objects, 0);
  EXPECT_EQ(fake_.open_pools, 0);
}

TEST_F(MetalDeviceTest, RunsDispatchesInOneCommandBuffer) {
  ASSERT_EQ(Create(), absl::OkStatus());
  GpuMemory memory(device_.get());
  GpuArray<float> x(64, memory), y(64, memory);
  ASSERT_EQ(memory.Share(), absl::OkStatus());
  for (size_t i = 0; i < 64; ++i) {
    x[i] = static_cast<float>(i);
    y[i] = 100;
  }
  GpuCommands commands(&memory);
  const gpu::RowArguments arguments = {.n = 64,
                                       .padded_n = 64,
                                       .group = 0,
                                       .adds = 1,
                                       .norms = 0,
                                       .x_stride = 64,
                                       .addend_stride = 64,
                                       .q_stride = 64,
                                       .eps = 0};
  // x += y, and then y += x.
  commands.Add(MetalKernel::kAddRows, {1, 1, 1}, {x.data(), y.data()}, arguments);
  commands.Add(MetalKernel::kAddRows, {1, 1, 1}, {y.data(), x.data()}, arguments);
  ASSERT_EQ(device_->Run(commands.dispatches()), absl::OkStatus());
  EXPECT_EQ(x[63], 163);
  EXPECT_EQ(y[63], 263);
  EXPECT_EQ(fake_.num_command_buffers, 1);
  EXPECT_EQ(fake_.dispatched, std::vector<std::string>({"add_rows", "add_rows"}));
}

TEST_F(MetalDeviceTest, SaysWhatMetalSays) {
  fake_.compile_error = "program_source:7: unknown type";
  EXPECT_TRUE(IsError(Create(), absl::StatusCode::kInternal, "program_source:7: unknown type"));
  fake_.compile_error = "";
  fake_.missing_function = "rotate_store";
  EXPECT_TRUE(IsError(Create(), absl::StatusCode::kInternal, "finds no kernel rotate_store"));
  fake_.missing_function = "";
  fake_.run_error = "Caused GPU Hang Error";
  ASSERT_EQ(Create(), absl::OkStatus());
  EXPECT_TRUE(IsError(device_->Run({}), absl::StatusCode::kInternal, "Caused GPU Hang Error"));
  device_.reset();
  EXPECT_EQ(fake_.live_objects, 0);
}

TEST_F(MetalDeviceTest, RefusesAGpuThatItsKernelsAreNotMadeFor) {
  fake_.simd_width = 16;
  EXPECT_TRUE(IsError(Create(), absl::StatusCode::kUnimplemented, "SIMD groups of 16 lanes"));
  fake_.simd_width = 32;
  fake_.max_threads = 128;
  EXPECT_TRUE(IsError(Create(), absl::StatusCode::kUnimplemented, "up to 128 in a threadgroup"));
  fake_.has_device = false;
  EXPECT_TRUE(IsError(Create(), absl::StatusCode::kFailedPrecondition, "no GPU"));
}

TEST_F(MetalDeviceTest, RefusesABufferThatIsTooLong) {
  fake_.max_buffer_length = 1 << 14;
  ASSERT_EQ(Create(), absl::OkStatus());
  GpuMemory memory(device_.get());
  GpuArray<std::byte> x(1 << 15, memory);
  EXPECT_TRUE(IsError(memory.Share(), absl::StatusCode::kResourceExhausted, "32768 bytes"));
}

TEST_F(MetalDeviceTest, KeepsWhatItUsesInMemory) {
  // One request of the buffer's, the others of the thread.
  fake_.notify_at_residency = 3;
  ASSERT_EQ(Create({.interval = absl::Milliseconds(1)}), absl::OkStatus());
  GpuMemory memory(device_.get());
  GpuArray<float> x(100, memory);
  ASSERT_EQ(memory.Share(), absl::OkStatus());
  EXPECT_EQ(fake_.num_residency_allocations, 1);
  ASSERT_EQ(device_->Run({}), absl::OkStatus());
  fake_.residency_requested.WaitForNotification();
}

TEST_F(MetalDeviceTest, DoesWithoutResidencySetsWhereThereAreNone) {
  fake_.has_residency_sets = false;
  ASSERT_EQ(Create(), absl::OkStatus());
  ASSERT_EQ(device_->Run({}), absl::OkStatus());
  EXPECT_EQ(fake_.num_residency_requests, 0);
}

}  // namespace
}  // namespace bitnet

#include "tests/kernels/metal/emulator/test_kernels.h"

#include <iterator>

// Last: its words for address spaces are macros.
#include "tests/kernels/metal/emulator/test_kernels.metal"

namespace bitnet::emulation {

std::span<const Kernel> TestKernels() {
  static const Kernel kernels[] = {
      MakeKernel<uint3, sum_by_shuffles>("sum_by_shuffles"),
      MakeKernel<uint3, mirror>("mirror"),
      MakeKernel<uint3, barrier_of_half>("barrier_of_half"),
      MakeKernel<uint3, different_meetings>("different_meetings"),
      MakeKernel<uint3, lane_that_leaves>("lane_that_leaves"),
      MakeKernel<uint3, shuffle_from_beyond>("shuffle_from_beyond"),
      MakeKernel<uint3, copy_to>("copy_to"),
      MakeKernel<uint3, groups_that_race>("groups_that_race"),
      MakeKernel<uint3, neighbours>("neighbours"),
      MakeKernel<uint3, unwritten>("unwritten"),
      MakeKernel<uint3, lanes_that_race>("lanes_that_race"),
      MakeKernel<uint3, matrix_product>("matrix_product"),
  };
  return kernels;
}

}  // namespace bitnet::emulation

#include "kernels/panel_gemm/panel_gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/panel_gemm/panel_product.h"
#include "tests/kernels/float_bits.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/print_kernel.h"

namespace bitnet {
namespace {

constexpr size_t kRows = 16;
constexpr PanelSource kSources[] = {PanelSource::kTernary2Bit, PanelSource::kBase3, PanelSource::k1Bit};

// Elements aligned to 64 bytes between guards of as many.
template <typename T>
class AlignedGuarded {
 public:
  AlignedGuarded(size_t size, T value) : size_(size), storage_(size + 3 * kGuard, value) {
    auto at = reinterpret_cast<uintptr_t>(storage_.data() + kGuard);
    data_ = storage_.data() + kGuard + (64 - at % 64) % 64 / sizeof(T);
    before_ = storage_;
  }
  T* data() { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  void ExpectGuardsIntact() const {
    for (size_t i = 0; i < storage_.size(); ++i) {
      if (storage_.data() + i >= data_ && storage_.data() + i < data_ + size_) continue;
      ASSERT_EQ(storage_[i], before_[i]) << "element " << storage_.data() + i - data_ << " was written";
    }
  }

 private:
  static constexpr size_t kGuard = 64;
  size_t size_;
  std::vector<T> storage_;
  std::vector<T> before_;
  T* data_;
};

struct Codes {
  std::vector<int> codes;       // [16, k]
  std::vector<uint8_t> packed;  // As the source has them.
};

// Random codes, packed by the packers that the layouts' own tests check.
Codes RandomCodes(PanelSource source, size_t k, std::mt19937& rng) {
  std::vector<int8_t> weights(kRows * k);
  Codes codes;
  for (int8_t& weight : weights) {
    const auto draw = static_cast<int>(rng() >> 8);
    switch (source) {
      case PanelSource::kTernary2Bit:
        weight = static_cast<int8_t>(draw % 4 - 1);
        codes.codes.push_back(weight + 1);
        break;
      case PanelSource::kBase3:
        weight = static_cast<int8_t>(draw % 3 - 1);
        codes.codes.push_back(weight + 1);
        break;
      case PanelSource::k1Bit:
        weight = static_cast<int8_t>(draw % 2 * 2 - 1);
        codes.codes.push_back((weight + 1) / 2);
    }
  }
  codes.packed.resize(k / PanelBlockK(source) * 64);
  if (source == PanelSource::kBase3) {
    PackBase3Tile(k, weights.data(), codes.packed.data());
  } else {
    const bool one_bit = source == PanelSource::k1Bit;
    PackGroupedTile(one_bit ? GroupedLayout::k1Bit : GroupedLayout::k2Bit, k, weights.data(),
                    codes.packed.data());
  }
  return codes;
}

class PanelGemmTest : public testing::TestWithParam<PanelGemmKernel> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().needs)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }

  static void ExpectSums(PanelSource source, size_t k, size_t batch, const Codes& codes, int lowest_x,
                         std::mt19937& rng) {
    SCOPED_TRACE(testing::Message() << "source " << static_cast<int>(source) << ", k " << k << ", batch "
                                    << batch);
    const size_t offset = rng() % 17;
    const size_t gap = rng() % 9;
    Guarded<uint8_t> w(codes.packed.size(), 0xff, offset);
    std::ranges::copy(codes.packed, w.data());
    AlignedGuarded<uint8_t> panel(k * kRows, 0xee);
    GetParam().unpack(source, k, w.data(), panel.data());
    panel.ExpectGuardsIntact();

    std::uniform_int_distribution<int> byte(lowest_x, lowest_x == -128 ? 127 : lowest_x);
    Guarded<int8_t> x(batch * (k + gap) - gap, 127, offset);
    for (size_t b = 0; b < batch; ++b) {
      for (size_t i = 0; i < k; ++i) x[b * (k + gap) + i] = static_cast<int8_t>(byte(rng));
    }
    AlignedGuarded<int32_t> sums(batch * kRows, 0);
    for (size_t i = 0; i < batch * kRows; ++i) sums[i] = static_cast<int32_t>(i);
    GetParam().run({k, batch, panel.data(), x.data(), k + gap, sums.data()});
    sums.ExpectGuardsIntact();
    for (size_t b = 0; b < batch; ++b) {
      for (size_t r = 0; r < kRows; ++r) {
        auto expected = static_cast<int32_t>(b * kRows + r);
        for (size_t i = 0; i < k; ++i) expected += codes.codes[r * k + i] * x[b * (k + gap) + i];
        ASSERT_EQ(sums[b * kRows + r], expected) << "row " << r << ", column " << b;
      }
    }
  }
};

TEST_P(PanelGemmTest, AddsExactSumsForAnyBatch) {
  std::mt19937 rng(1);
  for (PanelSource source : kSources) {
    const size_t k = 3 * PanelBlockK(source);
    for (size_t batch = 1; batch <= 26; ++batch) {
      ExpectSums(source, k, batch, RandomCodes(source, k, rng), -128, rng);
    }
  }
}

TEST_P(PanelGemmTest, AddsExactSumsForAnyK) {
  std::mt19937 rng(2);
  for (PanelSource source : kSources) {
    for (size_t k = PanelBlockK(source); k <= kPanelK; k += PanelBlockK(source)) {
      for (size_t batch : {1, 7}) ExpectSums(source, k, batch, RandomCodes(source, k, rng), -128, rng);
    }
  }
}

TEST_P(PanelGemmTest, HoldsExtremeSums) {
  std::mt19937 rng(3);
  const size_t k = kPanelK;
  for (int code = 0; code <= 3; ++code) {
    Codes codes = {.codes = std::vector<int>(kRows * k, code), .packed = std::vector<uint8_t>(k / 16 * 64)};
    std::ranges::fill(codes.packed, static_cast<uint8_t>(code * 0x55));
    for (int x : {-127, 126, 127}) ExpectSums(PanelSource::kTernary2Bit, k, 6, codes, x, rng);
  }
}

TEST_P(PanelGemmTest, AddsGroupsAsDefined) {
  std::mt19937 rng(4);
  for (size_t batch : {1, 2, 5, 96}) {
    for (int shift : {0, 1}) {
      const size_t group_stride = 1 + rng() % 5;
      const size_t acc_stride = kRows + rng() % 5;
      AlignedGuarded<int32_t> sums(batch * kRows, 0);
      for (size_t i = 0; i < batch * kRows; ++i)
        sums[i] = static_cast<int32_t>(rng() % (1 << 20)) - (1 << 19);
      std::vector<uint16_t> w_scale(kRows);
      for (uint16_t& scale : w_scale) scale = static_cast<uint16_t>(rng() % 0x7c00 | (rng() & 1) << 15);
      std::vector<int32_t> x_sum(batch * group_stride, 1 << 30);
      std::vector<float> x_inv(batch * group_stride, kNaN);
      Guarded<float> acc(batch * acc_stride, kNaN, rng() % 17);
      std::vector<float> expected;
      for (size_t b = 0; b < batch; ++b) {
        x_sum[b * group_stride] = static_cast<int32_t>(rng() % 4096) - 2048;
        x_inv[b * group_stride] = static_cast<float>(rng() % 1000 + 1) / 777;
        for (size_t r = 0; r < kRows; ++r) {
          const float before = static_cast<float>(rng() % 1000) / 77 - 5;
          acc[b * acc_stride + r] = before;
          const int32_t sum = sums[b * kRows + r] * (1 << shift) - x_sum[b * group_stride];
          expected.push_back(
              std::fma(static_cast<float>(sum), HalfValue(w_scale[r]) * x_inv[b * group_stride], before));
        }
      }
      GetParam().add_group({batch, shift, sums.data(), w_scale.data(), x_sum.data(), x_inv.data(),
                            group_stride, acc.data(), acc_stride});
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_TRUE(SameBits(acc[i / kRows * acc_stride + i % kRows], expected[i])) << i;
      }
      acc.ExpectGuardsIntact();
    }
  }
}

// Operands of whole products; the portable kernels of the layouts are the reference, themselves tested.
struct Product {
  size_t tiles, k, batch;
  std::vector<int8_t> x;
  std::vector<int32_t> x_sum;  // [batch] or [batch, groups]
  std::vector<float> factor;   // The same.
  std::vector<float> expected, y;

  Product(size_t tiles_, size_t k_, size_t batch_, size_t groups, std::mt19937& rng)
      : tiles(tiles_),
        k(k_),
        batch(batch_),
        x(batch * k),
        x_sum(batch * groups),
        factor(batch * groups),
        expected(batch * tiles * kRows, kNaN),
        y(expected) {
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<int8_t>(static_cast<int>(rng() % 256) - 128);
      x_sum[i / (k / groups)] += x[i];
    }
    for (float& f : factor) f = static_cast<float>(rng() % 1000 + 1) / 333;
  }
  void ExpectEqual() const {
    ASSERT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)), 0)
        << tiles << " tiles, k " << k << ", batch " << batch;
  }
};

constexpr size_t kBatches[] = {1, 9, 47, 48, 49, 100};

TEST_P(PanelGemmTest, GivesTheBitsOfTernaryGemm) {
  std::mt19937 rng(5);
  for (size_t k : {16, 256, 960, 976, 2560}) {
    for (size_t batch : kBatches) {
      Product p(2, k, batch, 1, rng);
      const Codes codes = RandomCodes(PanelSource::kTernary2Bit, 2 * k, rng);  // Two tiles' worth.
      TernaryGemmArgs args = {p.tiles,
                              k,
                              batch,
                              codes.packed.data(),
                              p.x.data(),
                              k,
                              p.x_sum.data(),
                              p.factor.data(),
                              p.expected.data(),
                              p.tiles * kRows};
      TernaryGemmPortable(args);
      args.y = p.y.data();
      TernaryPanelGemm(GetParam(), args);
      p.ExpectEqual();
    }
  }
}

TEST_P(PanelGemmTest, GivesTheBitsOfBase3Gemm) {
  std::mt19937 rng(6);
  for (size_t k : {20, 260, 960, 980, 2560}) {
    for (size_t batch : kBatches) {
      Product p(2, k, batch, 1, rng);
      const Codes codes = RandomCodes(PanelSource::kBase3, 2 * k, rng);
      Base3GemmArgs args = {p.tiles,
                            k,
                            batch,
                            codes.packed.data(),
                            p.x.data(),
                            k,
                            p.x_sum.data(),
                            p.factor.data(),
                            p.expected.data(),
                            p.tiles * kRows};
      Base3GemmPortable(args);
      args.y = p.y.data();
      Base3PanelGemm(GetParam(), args);
      p.ExpectEqual();
    }
  }
}

TEST_P(PanelGemmTest, GivesTheBitsOfGroupedGemm) {
  std::mt19937 rng(7);
  for (GroupedLayout layout : {GroupedLayout::k1Bit, GroupedLayout::k2Bit}) {
    for (size_t group : {32, 64, 128, 1280}) {
      for (size_t batch : kBatches) {
        const size_t k = 2560;
        Product p(2, k, batch, k / group, rng);
        const Codes codes = RandomCodes(
            layout == GroupedLayout::k1Bit ? PanelSource::k1Bit : PanelSource::kTernary2Bit, 2 * k, rng);
        std::vector<uint16_t> w_scale(p.tiles * (k / group) * kRows);
        for (uint16_t& scale : w_scale) scale = static_cast<uint16_t>(rng() % 0x7c00 | (rng() & 1) << 15);
        GroupedGemmArgs args = {
            layout,         p.tiles,    k, group,          batch,           codes.packed.data(),
            w_scale.data(), p.x.data(), k, p.x_sum.data(), p.factor.data(), p.expected.data(),
            p.tiles * kRows};
        GroupedGemmPortable(args);
        args.y = p.y.data();
        GroupedPanelGemm(GetParam(), args);
        p.ExpectEqual();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllKernels, PanelGemmTest, testing::ValuesIn(PanelGemmKernels()),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace bitnet

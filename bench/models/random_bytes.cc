#include "bench/models/random_bytes.h"

#include <array>
#include <cstring>

#include "engine/formats/float_round.h"

namespace bitnet {
namespace {

using ByteTable = std::array<uint8_t, 256>;

// Four codes of two bits, each 0, 1 or 2 (kernels/ternary_gemm).
constexpr ByteTable kFourTrits = [] {
  ByteTable bytes{};
  for (int i = 0; i < 256; ++i) {
    const int n = i % 81;
    bytes[i] = static_cast<uint8_t>(n / 27 << 6 | n / 9 % 3 << 4 | n / 3 % 3 << 2 | n % 3);
  }
  return bytes;
}();

// The signed number nearest to 256 * v / 243, v of -121 to 121 (kernels/base3_gemm).
constexpr ByteTable kFiveTrits = [] {
  ByteTable bytes{};
  for (int i = 0; i < 256; ++i) {
    const int v = i % 243 - 121;
    bytes[i] = static_cast<uint8_t>((256 * (v + 243) + 121) / 243);
  }
  return bytes;
}();

void FillFromTable(const ByteTable& table, Random& random, std::span<uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); i += 8) {
    uint64_t bits = random.Next();
    for (size_t j = i; j < bytes.size() && j < i + 8; ++j, bits >>= 8) {
      bytes[j] = table[bits & 0xff];
    }
  }
}

template <typename T, typename Make>
void FillValues(std::span<uint8_t> bytes, Make make) {
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    const T value = make();
    std::memcpy(bytes.data() + i, &value, sizeof(T));
  }
}

// In [1, 2).
float OneToTwo(Random& random) { return 1 + static_cast<float>(random.Next() >> 40) * 0x1p-24f; }

}  // namespace

void FillCodes(GgmlType type, Random& random, std::span<uint8_t> codes) {
  if (type == GgmlType::kPacked2Bit) return FillFromTable(kFourTrits, random, codes);
  if (type == GgmlType::kPackedBase3) return FillFromTable(kFiveTrits, random, codes);
  FillValues<uint64_t>(codes, [&] { return random.Next(); });
}

void FillHalfScales(float scale, Random& random, std::span<uint8_t> halves) {
  FillValues<uint16_t>(halves, [&] { return FloatToHalf(scale * OneToTwo(random)); });
}

void FillFloatScales(float scale, Random& random, std::span<uint8_t> floats) {
  FillValues<float>(floats, [&] { return scale * OneToTwo(random); });
}

void FillHalves(Random& random, std::span<uint8_t> halves) {
  FillValues<uint16_t>(halves, [&] {
    const uint64_t bits = random.Next();
    return static_cast<uint16_t>((bits & 0x83ff) | (9 + (bits >> 16) % 3) << 10);
  });
}

void FillNorm(Random& random, std::span<uint8_t> floats) {
  FillValues<float>(floats, [&] { return OneToTwo(random) - 0.5f; });
}

}  // namespace bitnet

#include "tests/engine/formats/reference_tensor.h"

#include <cassert>
#include <cmath>
#include <cstring>

namespace bitnet {
namespace {

class Bytes {
 public:
  explicit Bytes(size_t count) : bytes_(count) {}
  void SetBits(size_t byte, int shift, int value) { bytes_[byte] |= static_cast<uint8_t>(value << shift); }
  template <typename T>
  void Put(size_t at, T value) {
    std::memcpy(&bytes_[at], &value, sizeof(value));
  }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// ceil(number * 256 / 243)
uint8_t Base3Byte(const std::vector<int>& trits) {
  int number = 0;
  for (size_t n = 0; n < 5; ++n) {  // The first is most significant; those missing are 0.
    number = number * 3 + (n < trits.size() ? trits[n] : 0);
  }
  return static_cast<uint8_t>((number * 256 + 242) / 243);
}

std::vector<uint8_t> TQ1(const CodeMatrix& m) {
  Bytes out(m.rows * m.k / 256 * 54);
  for (size_t block = 0; block < m.rows * m.k / 256; ++block) {
    const int8_t* codes = &m.codes[block * 256];
    const auto put = [&](size_t byte, size_t first, size_t step, size_t count) {
      std::vector<int> trits;
      for (size_t n = 0; n < count; ++n) {
        trits.push_back(codes[first + n * step] + 1);
      }
      out.Put(block * 54 + byte, Base3Byte(trits));
    };
    for (size_t b = 0; b < 32; ++b) {
      put(b, b, 32, 5);
    }
    for (size_t b = 0; b < 16; ++b) {
      put(32 + b, 160 + b, 16, 5);
    }
    for (size_t b = 0; b < 4; ++b) {
      put(48 + b, 240 + b, 4, 4);
    }
    out.Put(block * 54 + 52, ReferenceHalf(m.scales[block * 256 / m.group]));
  }
  return out.Take();
}

std::vector<uint8_t> TQ2(const CodeMatrix& m) {
  Bytes out(m.rows * m.k / 256 * 66);
  for (size_t i = 0; i < m.rows * m.k; ++i) {
    const size_t in_block = i % 256;
    out.SetBits(i / 256 * 66 + in_block / 128 * 32 + in_block % 32, 2 * (in_block % 128 / 32),
                m.codes[i] + 1);
    out.Put(i / 256 * 66 + 64, ReferenceHalf(m.scales[i / m.group]));
  }
  return out.Take();
}

std::vector<uint8_t> Q1(const CodeMatrix& m) {
  Bytes out(m.rows * m.k / 128 * 18);
  for (size_t i = 0; i < m.rows * m.k; ++i) {
    out.Put(i / 128 * 18, ReferenceHalf(m.scales[i / m.group]));
    out.SetBits(i / 128 * 18 + 2 + i % 128 / 8, i % 8, m.codes[i] > 0 ? 1 : 0);
  }
  return out.Take();
}

std::vector<uint8_t> Q2(const CodeMatrix& m, size_t block) {
  const size_t block_bytes = 2 + block / 4;
  Bytes out(m.rows * m.k / block * block_bytes);
  for (size_t i = 0; i < m.rows * m.k; ++i) {
    out.Put(i / block * block_bytes, ReferenceHalf(m.scales[i / m.group]));
    out.SetBits(i / block * block_bytes + 2 + i % block / 4, 2 * (i % 4), m.codes[i] + 1);
  }
  return out.Take();
}

std::vector<uint8_t> IQ1BN(const CodeMatrix& m) {
  const size_t row_bytes = 2 + m.k / 64 * 13;
  Bytes out(m.rows * row_bytes);
  for (size_t row = 0; row < m.rows; ++row) {
    out.Put(row * row_bytes, ReferenceHalf(m.scale(row, 0)));
    for (size_t block = 0; block < m.k / 64; ++block) {
      const auto trit = [&](size_t j) { return m.code(row, block * 64 + j) + 1; };
      const size_t at = row * row_bytes + 2 + block * 13;
      for (size_t byte = 0; byte < 12; ++byte) {
        const size_t first = byte / 3 * 16 + byte % 3 * 5;
        out.Put(at + byte,
                Base3Byte({trit(first + 4), trit(first + 3), trit(first + 2), trit(first + 1), trit(first)}));
      }
      out.Put(at + 12, Base3Byte({0, trit(63), trit(47), trit(31), trit(15)}));
    }
  }
  return out.Take();
}

std::vector<uint8_t> IQ2BN(const CodeMatrix& m) {
  const size_t row_bytes = 4 + m.k / 4;
  Bytes out(m.rows * row_bytes);
  for (size_t row = 0; row < m.rows; ++row) {
    out.Put(row * row_bytes, m.scale(row, 0));
    for (size_t j = 0; j < m.k; ++j) {
      out.SetBits(row * row_bytes + 4 + j / 64 * 16 + j % 16, 2 * (j % 64 / 16), m.code(row, j) + 1);
    }
  }
  return out.Take();
}

std::vector<uint8_t> I2S(const CodeMatrix& m, I2sLayout layout) {
  const size_t n = m.rows * m.k;
  Bytes out(n / 4 + 32);
  for (size_t i = 0; i < n; ++i) {
    const int code = m.codes[i] + 1;
    switch (layout) {
      case I2sLayout::k128x32:
        out.SetBits(i / 128 * 32 + i % 32, 6 - 2 * static_cast<int>(i % 128 / 32), code);
        break;
      case I2sLayout::k64x16:
        out.SetBits(i / 64 * 16 + i % 16, 6 - 2 * static_cast<int>(i % 64 / 16), code);
        break;
      case I2sLayout::k1x4Rows:
        out.SetBits(i / m.k / 4 * m.k + i % m.k, 6 - 2 * static_cast<int>(i / m.k % 4), code);
        break;
    }
  }
  out.Put(n / 4, m.scales[0]);
  return out.Take();
}

std::vector<uint8_t> Q1K(const CodeMatrix& m) {
  const size_t tiles = (m.rows + 7) / 8;
  Bytes out(tiles * m.k + tiles * 32 + 64);
  for (size_t row = 0; row < m.rows; ++row) {
    for (size_t j = 0; j < m.k; ++j) {
      const size_t block = row / 8 * (m.k / 64) + j / 64;
      out.SetBits(block * 64 + row % 8 * 8 + j % 64 / 8, j % 8, m.code(row, j) > 0 ? 1 : 0);
    }
    out.Put(tiles * m.k + row * 4, m.scale(row, 0));
  }
  out.Put(tiles * m.k + tiles * 32, 1.0f);
  out.Put(tiles * m.k + tiles * 32 + 8, uint32_t{1});
  return out.Take();
}

std::vector<uint8_t> HfTernary(const CodeMatrix& m) {
  Bytes out(m.rows / 4 * m.k);
  for (size_t row = 0; row < m.rows; ++row) {
    for (size_t j = 0; j < m.k; ++j) {
      out.SetBits(row % (m.rows / 4) * m.k + j, 2 * static_cast<int>(row / (m.rows / 4)), m.code(row, j) + 1);
    }
  }
  return out.Take();
}

}  // namespace

CodeMatrix RandomCodes(size_t rows, size_t k, size_t group, CodeRange range, bool one_scale,
                       std::mt19937& rng) {
  CodeMatrix matrix = {.rows = rows, .k = k, .group = group, .codes = {}, .scales = {}};
  for (size_t i = 0; i < rows * k; ++i) {
    const int draw = static_cast<int>(rng() % 12);
    matrix.codes.push_back(static_cast<int8_t>(range == CodeRange::kBinary    ? draw % 2 * 2 - 1
                                               : range == CodeRange::kTernary ? draw % 3 - 1
                                                                              : draw % 4 - 1));
  }
  for (size_t i = 0; i < rows * k / group; ++i) {
    // 11 significant bits.
    const float scale = std::ldexp(static_cast<float>(1024 + rng() % 1024), -16);
    matrix.scales.push_back(one_scale && i > 0 ? matrix.scales[0] : scale);
  }
  return matrix;
}

std::vector<uint8_t> ReferenceBytes(GgmlType type, const CodeMatrix& matrix, I2sLayout i2s) {
  switch (type) {
    case GgmlType::kTQ1_0:
      return TQ1(matrix);
    case GgmlType::kTQ2_0:
      return TQ2(matrix);
    case GgmlType::kQ1_0:
      return Q1(matrix);
    case GgmlType::kQ2_0:
      return Q2(matrix, 64);
    case GgmlType::kPQ2_0:
      return Q2(matrix, 128);
    case GgmlType::kIQ1BN:
      return IQ1BN(matrix);
    case GgmlType::kIQ2BN:
      return IQ2BN(matrix);
    case GgmlType::kI2S:
      return I2S(matrix, i2s);
    case GgmlType::kQ1K:
      return Q1K(matrix);
    case GgmlType::kHfTernary:
      return HfTernary(matrix);
    default:
      assert(false);
      return {};
  }
}

uint16_t ReferenceHalf(float value) {
  if (value == 0) {
    return 0;
  }
  int exponent = 0;
  const double mantissa =
      std::frexp(std::fabs(static_cast<double>(value)), &exponent) * 2048;  // [1024, 2048)
  const auto rounded = static_cast<int>(std::nearbyint(mantissa));
  assert(rounded < 2048 && exponent > -14 && exponent < 16);
  const int bits = (exponent - 1 + 15) << 10 | (rounded - 1024);
  return static_cast<uint16_t>(bits | (std::signbit(value) ? 0x8000 : 0));
}

ModelTensor TensorOver(GgmlType type, size_t rows, size_t k, const std::vector<uint8_t>& bytes) {
  return {.name = "t", .type = type, .dims = {k, rows}, .data = bytes};
}

const std::vector<CodeType>& CodeTypes() {
  static const std::vector<CodeType> types = {
      {"TQ1_0", GgmlType::kTQ1_0, CodeRange::kTernary, 256, false, 3, 512},
      {"TQ2_0", GgmlType::kTQ2_0, CodeRange::kTernary, 256, false, 3, 512},
      {"Q1_0", GgmlType::kQ1_0, CodeRange::kBinary, 128, false, 3, 384},
      {"Q2_0", GgmlType::kQ2_0, CodeRange::kQuaternary, 64, false, 3, 192},
      {"PQ2_0", GgmlType::kPQ2_0, CodeRange::kQuaternary, 128, false, 3, 384},
      {"IQ1_BN", GgmlType::kIQ1BN, CodeRange::kTernary, 0, false, 3, 192},
      {"IQ2_BN", GgmlType::kIQ2BN, CodeRange::kTernary, 0, false, 3, 192},
      {"I2_S_128x32", GgmlType::kI2S, CodeRange::kTernary, 0, true, 3, 384},
      {"I2_S_64x16", GgmlType::kI2S, CodeRange::kTernary, 0, true, 3, 192, I2sLayout::k64x16},
      {"I2_S_1x4", GgmlType::kI2S, CodeRange::kTernary, 0, true, 8, 100, I2sLayout::k1x4Rows},
      {"Q1_K", GgmlType::kQ1K, CodeRange::kBinary, 0, false, 11, 192},
      {"HfTernary", GgmlType::kHfTernary, CodeRange::kTernary, 0, true, 8, 300},
  };
  return types;
}

}  // namespace bitnet

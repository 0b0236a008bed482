#include <immintrin.h>

#include "kernels/int6_gemm/int6_gemm.h"

// A register of a tile x block is two of 8 rows each: 32-bit lane r belongs to row r. VPMADDUBSW with four x
// broadcast to every lane gives two 16-bit sums per row, of at most 2 * 63 * 127: two of them fit an int16.
// VPMADDWD multiplies both by the group's scale and adds them. The unroll pragmas keep the sums in registers:
// see ternary_gemm/x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 32;
constexpr size_t kBlockBytes = 384;
constexpr size_t kBlockScales = 32;
// 4 columns x 2 halves: 8 sums, and what unpacks one register, fit the 16 registers.
constexpr size_t kMaxColumns = 4;
constexpr size_t kPrefetchBytes = 3072;

// An int32 in every lane.
__m256i Broadcast(const void* at) {
  int value;
  __builtin_memcpy(&value, at, sizeof(value));
  return _mm256_set1_epi32(value);
}

// In a register now: see panel_gemm/x86_avx2.cc.
void Keep(__m256i& a) { asm volatile("" : "+x"(a)); }

__m256i Load(const uint8_t* w) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)); }

// Bits 5:4 of the codes of plane kPlane, in place, from a high register.
template <int kPlane>
__m256i HighBits(__m256i high) {
  const __m256i mask = _mm256_set1_epi8(0x30);
  if constexpr (kPlane == 0) return _mm256_and_si256(_mm256_slli_epi16(high, 4), mask);
  if constexpr (kPlane == 1) return _mm256_and_si256(_mm256_slli_epi16(high, 2), mask);
  if constexpr (kPlane == 2) return _mm256_and_si256(high, mask);
  return _mm256_and_si256(_mm256_srli_epi16(high, 2), mask);
}

// The scales of 8 rows and a block's two groups, as int16.
struct Scales {
  explicit Scales(const int8_t* at)
      : both(_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)))) {}
  // That of group kGroup in both halves of a lane.
  template <int kGroup>
  __m256i Twice() const {
    const __m256i lanes = kGroup == 0 ? _mm256_set1_epi32(0x01000100) : _mm256_set1_epi32(0x03020302);
    const __m256i firsts =
        _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404, 0x08080808, 0x0c0c0c0c);
    return _mm256_shuffle_epi8(both, _mm256_add_epi8(lanes, firsts));
  }

  __m256i both;  // 32-bit lane r: the scale of group 0 of row r, and that of group 1.
};

// Adds low register kJ of 8 rows (32 bytes of it, at `w`) to the sums of each column.
template <int kJ, int kColumns>
void AddRegister(const uint8_t* w, __m256i scales, const int8_t* x, size_t x_stride,
                 __m256i (&sums)[kColumns]) {
  const __m256i mask = _mm256_set1_epi8(0x0f);
  const __m256i low = Load(w + 64 * kJ);
  const __m256i high = Load(w + 64 * (4 + kJ / 2));
  const __m256i first = _mm256_or_si256(_mm256_and_si256(low, mask), HighBits<kJ % 2 * 2>(high));
  const __m256i second =
      _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low, 4), mask), HighBits<kJ % 2 * 2 + 1>(high));
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    const int8_t* at = x + c * x_stride + 8 * kJ;
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(first, Broadcast(at)),
                                           _mm256_maddubs_epi16(second, Broadcast(at + 4)));
    sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(pairs, scales));
    Keep(sums[c]);
  }
}

// One block of a tile: its codes at `w`, the scales of its two groups at `w_scale`.
template <int kColumns>
void AddBlock(const Int6GemmArgs& args, const uint8_t* w, const int8_t* w_scale, const int8_t* x,
              const int16_t* x_minus8, __m256i (&sums)[2][kColumns]) {
  // A prefetch past the weights is harmless: it cannot fault.
#pragma GCC unroll 8
  for (size_t line = 0; line < kBlockBytes; line += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + line, _MM_HINT_T0);
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const Scales scales(w_scale + kTileRows * half);
    AddRegister<0, kColumns>(w + 32 * half, scales.Twice<0>(), x, args.x_stride, sums[half]);
    AddRegister<1, kColumns>(w + 32 * half, scales.Twice<0>(), x, args.x_stride, sums[half]);
    AddRegister<2, kColumns>(w + 32 * half, scales.Twice<1>(), x, args.x_stride, sums[half]);
    AddRegister<3, kColumns>(w + 32 * half, scales.Twice<1>(), x, args.x_stride, sums[half]);
    // Codes are weight + 32: 4 * scale times -8 * sum of x, for both groups.
    const __m256i scales4 = _mm256_slli_epi16(scales.both, 2);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const __m256i minus8 = Broadcast(x_minus8 + c * args.x_minus8_stride);
      sums[half][c] = _mm256_add_epi32(sums[half][c], _mm256_madd_epi16(scales4, minus8));
    }
  }
}

template <int kColumns>
void StoreTile(const Int6GemmArgs& args, size_t tile, size_t b, const __m256i (&sums)[2][kColumns]) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const size_t row = tile * kTileRows + 8 * half;
    const __m256 row_scale = _mm256_loadu_ps(args.row_scale + row);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      const __m256 scale = _mm256_mul_ps(row_scale, _mm256_set1_ps(args.x_scale[b + c]));
      _mm256_storeu_ps(args.y + (b + c) * args.y_stride + row,
                       _mm256_mul_ps(_mm256_cvtepi32_ps(sums[half][c]), scale));
    }
  }
}

// Tile number `tile` and, if there are two, the one `other` tiles on: two streams of memory, as in
// ternary_gemm/x86_avx2.cc.
template <int kTiles, int kColumns>
void Tiles(const Int6GemmArgs& args, size_t tile, size_t other, size_t b) {
  const size_t blocks = args.k / kBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const int8_t* w_scale = args.w_scale + tile * blocks * kBlockScales;
  const int8_t* x = args.x + b * args.x_stride;
  const int16_t* x_minus8 = args.x_minus8 + b * args.x_minus8_stride;
  __m256i sums[kTiles][2][kColumns];
#pragma GCC unroll 2
  for (auto& tile_sums : sums) {
#pragma GCC unroll 2
    for (auto& half : tile_sums) {
#pragma GCC unroll 8
      for (__m256i& sum : half) sum = _mm256_setzero_si256();
    }
  }
  for (size_t block = 0; block < blocks; ++block) {
#pragma GCC unroll 2
    for (int t = 0; t < kTiles; ++t) {
      AddBlock<kColumns>(args, w + t * other * blocks * kBlockBytes,
                         w_scale + t * other * blocks * kBlockScales, x, x_minus8, sums[t]);
    }
    w += kBlockBytes;
    w_scale += kBlockScales;
    x += kBlockK;
    x_minus8 += 2;
  }
#pragma GCC unroll 2
  for (int t = 0; t < kTiles; ++t) StoreTile<kColumns>(args, tile + t * other, b, sums[t]);
}

template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  Tiles<1, kColumns>(args, tile, 0, b);
}

using RunColumns = void(const Int6GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<1>, Columns<2>, Columns<3>, Columns<4>};

// Each tile of the first half with one of the second.
void OneColumn(const Int6GemmArgs& args) {
  const size_t half = args.tiles / 2;
  for (size_t tile = 0; tile < half; ++tile) {
    Tiles<2, 1>(args, tile, half, 0);
  }
  if (args.tiles % 2 != 0) {
    Tiles<1, 1>(args, args.tiles - 1, 0, 0);
  }
}

}  // namespace

void Int6GemmX86Avx2(const Int6GemmArgs& args) {
  if (args.batch == 1) {
    OneColumn(args);
    return;
  }
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 5 as 3 + 2, since 4 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet

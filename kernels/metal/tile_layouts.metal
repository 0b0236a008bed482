// The packed layouts whose blocks are a 32-bit word for each of 16 rows (kernels/ternary_gemm, base3_gemm,
// grouped_gemm), read a word at a time.
//
// A layout's codes are those of its weights plus 1. dot() never shifts a code into place: the masked word, as
// a number, is the code times a power of two, by which x is divided beforehand, once for all rows. Powers of
// two round nothing, so every product is the integer code * x; an AND, a conversion and a multiply-add each.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

// 2^-n as a factor.
static inline float inverse_power(uint n) { return as_type<float>((127u - n) << 23); }

// "2bit_r16k16": bits 2p+1:2p of byte i are the code of k offset 4p + i.
struct Ternary2Bit {
  static constant constexpr uint kBlockK = 16;

  static void scale(device const char* x, thread float* scaled) {
    for (uint p = 0; p < 4; ++p) {
      const char4 four = load_four(x + 4 * p);
      scaled[4 * p + 0] = float(four.x) * inverse_power(2 * p);
      scaled[4 * p + 1] = float(four.y) * inverse_power(2 * p + 8);
      scaled[4 * p + 2] = float(four.z) * inverse_power(2 * p + 16);
      scaled[4 * p + 3] = float(four.w) * inverse_power(2 * p + 24);
    }
  }

  static float dot(uint word, thread const float* scaled) {
    float sum = 0.0f;
    for (uint p = 0; p < 4; ++p) {
      for (uint i = 0; i < 4; ++i) {
        sum = fma(float(word & (3u << (2 * p + 8 * i))), scaled[4 * p + i], sum);
      }
    }
    return sum;
  }

  static void unpack(uint word, threadgroup half* codes) {
    for (uint p = 0; p < 4; ++p) {
      for (uint i = 0; i < 4; ++i) {
        codes[4 * p + i] = half(word >> (2 * p + 8 * i) & 3u);
      }
    }
  }
};

// "base3_r16k20". With u = b + 128 for a signed byte b, 3 * u has the code of its first digit in bits 9:8 and
// the byte that holds the other digits, plus 128, below: base3_gemm.h's rule, of which the sign is gone. Two
// bytes of a word are multiplied at once.
struct Base3 {
  static constant constexpr uint kBlockK = 20;

  static void scale(device const char* x, thread float* scaled) {
    for (uint d = 0; d < 5; ++d) {
      const char4 four = load_four(x + 4 * d);
      scaled[4 * d + 0] = float(four.x) * inverse_power(8);
      scaled[4 * d + 1] = float(four.y) * inverse_power(8);
      scaled[4 * d + 2] = float(four.z) * inverse_power(24);
      scaled[4 * d + 3] = float(four.w) * inverse_power(24);
    }
  }

  static uint even_bytes(uint word) { return (word & 0x00ff00ffu) ^ 0x00800080u; }
  static uint odd_bytes(uint word) { return (word >> 8 & 0x00ff00ffu) ^ 0x00800080u; }

  static float dot(uint word, thread const float* scaled) {
    uint even = even_bytes(word);
    uint odd = odd_bytes(word);
    float sum = 0.0f;
    for (uint d = 0; d < 5; ++d) {
      even += even << 1;
      odd += odd << 1;
      sum = fma(float(even & 0x00000300u), scaled[4 * d + 0], sum);
      sum = fma(float(odd & 0x00000300u), scaled[4 * d + 1], sum);
      sum = fma(float(even & 0x03000000u), scaled[4 * d + 2], sum);
      sum = fma(float(odd & 0x03000000u), scaled[4 * d + 3], sum);
      even &= 0x00ff00ffu;
      odd &= 0x00ff00ffu;
    }
    return sum;
  }

  static void unpack(uint word, threadgroup half* codes) {
    uint even = even_bytes(word);
    uint odd = odd_bytes(word);
    for (uint d = 0; d < 5; ++d) {
      even += even << 1;
      odd += odd << 1;
      codes[4 * d + 0] = half(even >> 8 & 3u);
      codes[4 * d + 1] = half(odd >> 8 & 3u);
      codes[4 * d + 2] = half(even >> 24);
      codes[4 * d + 3] = half(odd >> 24);
      even &= 0x00ff00ffu;
      odd &= 0x00ff00ffu;
    }
  }
};

// "1bit_r16k32": bit p of byte i is 1 where the weight of k offset 4p + i is +1, so its code is 2.
struct OneBit {
  static constant constexpr uint kBlockK = 32;

  static void scale(device const char* x, thread float* scaled) {
    for (uint p = 0; p < 8; ++p) {
      const char4 four = load_four(x + 4 * p);
      scaled[4 * p + 0] = float(four.x) * 2.0f * inverse_power(p);
      scaled[4 * p + 1] = float(four.y) * 2.0f * inverse_power(p + 8);
      scaled[4 * p + 2] = float(four.z) * 2.0f * inverse_power(p + 16);
      scaled[4 * p + 3] = float(four.w) * 2.0f * inverse_power(p + 24);
    }
  }

  static float dot(uint word, thread const float* scaled) {
    float sum = 0.0f;
    for (uint p = 0; p < 8; ++p) {
      for (uint i = 0; i < 4; ++i) {
        sum = fma(float(word & (1u << (p + 8 * i))), scaled[4 * p + i], sum);
      }
    }
    return sum;
  }

  static void unpack(uint word, threadgroup half* codes) {
    for (uint p = 0; p < 8; ++p) {
      for (uint i = 0; i < 4; ++i) {
        codes[4 * p + i] = half((word >> (p + 8 * i) & 1u) * 2u);
      }
    }
  }
};

// The way into a product: residual add, RMSNorm and quantisation of a row in one dispatch
// (kernels/elementwise, rms_norm, quantize).
#pragma once

#include "kernels/metal/exp_constants.metal"
#include "kernels/metal/row_reductions.metal"

// Element i of the normed row.
static inline float normed(device const float* x, device const float* weight, constant RowArguments& p,
                           float inverse, uint i) {
  return p.norms != 0 ? (x[i] * inverse) * weight[i] : x[i];
}

// x[i] += addend[i], where the arguments say so; afterwards every lane may read all of x.
static inline void add_row(device float* x, device const float* addend, constant RowArguments& p,
                           uint index) {
  if (p.adds == 0) {
    return;
  }
  for (uint i = index; i < p.n; i += kRowLanes) {
    x[i] += addend[i];
  }
  threadgroup_barrier(mem_flags::mem_device);
}

static inline int quantized(float x, float scale) {
  return clamp(int((x * scale + kRoundingShift) - kRoundingShift), -128, 127);
}

// For each row of x [rows, x_stride]: adds the row of `addend` [rows, addend_stride] to it if p.adds says so,
// and, of what RMSNorm with `weight` [n] makes of it if p.norms says so, gives int8 q [rows, q_stride], with
// zeros from n up to p.padded_n, and its scale and sum [rows]. Threadgroups: one for each row.
kernel void norm_quantize(device float* x [[buffer(0)]], device const float* addend [[buffer(1)]],
                          device const float* weight [[buffer(2)]], device char* q [[buffer(3)]],
                          device float* q_scale [[buffer(4)]], device int* q_sum [[buffer(5)]],
                          constant RowArguments& p [[buffer(6)]], threadgroup float* shared SHARED_ARGUMENT,
                          uint3 group [[threadgroup_position_in_grid]],
                          uint simdgroup [[simdgroup_index_in_threadgroup]],
                          uint lane [[thread_index_in_simdgroup]]) {
  const uint index = simdgroup * kSimdLanes + lane;
  device float* row = x + group.x * ulong(p.x_stride);
  device char* codes = q + group.x * ulong(p.q_stride);
  add_row(row, addend + group.x * ulong(p.addend_stride), p, index);
  const float inverse = p.norms != 0 ? inverse_rms(row, p.n, p.eps, shared, simdgroup, lane) : 1.0f;
  float absmax = 1e-5f;
  for (uint i = index; i < p.n; i += kRowLanes) {
    absmax = max(absmax, fabs(normed(row, weight, p, inverse, i)));
  }
  const float scale = 127.0f / largest(absmax, shared, simdgroup, lane);
  int sum = 0;
  for (uint i = index; i < p.padded_n; i += kRowLanes) {
    const int code = i < p.n ? quantized(normed(row, weight, p, inverse, i), scale) : 0;
    codes[i] = char(code);
    sum += code;
  }
  sum = total(sum, shared, simdgroup, lane);
  if (index == 0) {
    q_scale[group.x] = scale;
    q_sum[group.x] = sum;
  }
}

// The same, but the normed row itself goes to y [rows, q_stride], for float weights and for other quantisers.
kernel void norm_row(device float* x [[buffer(0)]], device const float* addend [[buffer(1)]],
                     device const float* weight [[buffer(2)]], device float* y [[buffer(3)]],
                     constant RowArguments& p [[buffer(4)]], threadgroup float* shared SHARED_ARGUMENT,
                     uint3 group [[threadgroup_position_in_grid]],
                     uint simdgroup [[simdgroup_index_in_threadgroup]],
                     uint lane [[thread_index_in_simdgroup]]) {
  const uint index = simdgroup * kSimdLanes + lane;
  device float* row = x + group.x * ulong(p.x_stride);
  device float* out = y + group.x * ulong(p.q_stride);
  add_row(row, addend + group.x * ulong(p.addend_stride), p, index);
  const float inverse = p.norms != 0 ? inverse_rms(row, p.n, p.eps, shared, simdgroup, lane) : 1.0f;
  for (uint i = index; i < p.n; i += kRowLanes) {
    out[i] = normed(row, weight, p, inverse, i);
  }
}

// x[i] += addend[i] of rows, at the end of a layer whose next norm has no input of its own.
// Threadgroups: one for each row.
kernel void add_rows(device float* x [[buffer(0)]], device const float* addend [[buffer(1)]],
                     constant RowArguments& p [[buffer(2)]], uint3 group [[threadgroup_position_in_grid]],
                     uint simdgroup [[simdgroup_index_in_threadgroup]],
                     uint lane [[thread_index_in_simdgroup]]) {
  device float* row = x + group.x * ulong(p.x_stride);
  device const float* other = addend + group.x * ulong(p.addend_stride);
  for (uint i = simdgroup * kSimdLanes + lane; i < p.n; i += kRowLanes) {
    row[i] += other[i];
  }
}

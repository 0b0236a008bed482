// What every other file begins with.
#pragma once

#include <metal_stdlib>

// A product and a sum round one by one; what is to be fused says fma(). Compile options (math mode "safe")
// cover the rest: no reassociation, division and square root correctly rounded.
#pragma METAL fp contract(off)

// After the parameter in threadgroup memory; there is never more than one. As C++ it has no attribute: the
// word for the address space is a macro there, which would be replaced within the attribute too.
#if !defined(SHARED_ARGUMENT)
#define SHARED_ARGUMENT [[threadgroup(0)]]
#endif

using namespace metal;

// Four bytes, which are aligned to 4.
static inline char4 load_four(device const char* x) { return as_type<char4>(*(device const uint*)x); }

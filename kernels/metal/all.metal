// Every kernel: what is compiled at run time, once quoted includes are put in place (embed.cmake).
#include "kernels/metal/gated_gemv.metal"
#include "kernels/metal/ternary_gemm.metal"
#include "kernels/metal/ternary_gemv.metal"

#!/usr/bin/env python3
"""Tests of metal_rules.py."""
import unittest

import metal_rules

END = ("uint3 group [[threadgroup_position_in_grid]], uint simdgroup [[simdgroup_index_in_threadgroup]],\n"
       "    uint lane [[thread_index_in_simdgroup]]) {\n")


class MetalRulesTest(unittest.TestCase):
    def expect(self, text, *wanted):
        found = list(metal_rules.violations(text))
        self.assertEqual(len(found), len(wanted), found)
        for violation, part in zip(found, wanted):
            self.assertIn(part, violation)

    def test_accepts_a_kernel(self):
        self.expect("kernel void add(device const float* x [[buffer(0)]], constant uint& n [[buffer(1)]],\n"
                    "    threadgroup float* shared SHARED_ARGUMENT, " + END)

    def test_finds_a_buffer_out_of_order(self):
        self.expect("kernel void add(device float* x [[buffer(0)]], device float* y [[buffer(2)]], " + END,
                    "wanted [[buffer(1)]]")

    def test_finds_missing_positions(self):
        self.expect("kernel void add(device float* x [[buffer(0)]], uint lane [[thread_index_in_simdgroup]]) {",
                    "does not end with")

    def test_finds_positions_in_another_order(self):
        self.expect("kernel void add(uint lane [[thread_index_in_simdgroup]],\n"
                    "uint simdgroup [[simdgroup_index_in_threadgroup]], uint3 g [[threadgroup_position_in_grid]]) {",
                    "does not end with")

    def test_finds_a_value_for_an_argument(self):
        self.expect("kernel void add(constant uint n [[buffer(0)]], " + END, "wanted a device pointer")

    def test_finds_a_pointer_without_address_space(self):
        self.expect("static float first(const float* x) {", "const float x says no address space")
        self.expect("  uint* y = x;", "uint y says no address space")
        self.expect("static void clear(GemmSums& sums) {", "GemmSums sums says no address space")

    def test_accepts_pointers_with_one_and_products(self):
        self.expect("static float first(thread const float* x, threadgroup half* y) {\n"
                    "  const uint n = 2 * lane * rows;\n  return a * b;\n  x = kRows * k;\n")

    def test_finds_a_program_variable_elsewhere(self):
        self.expect("static constexpr uint kRows = 4;", "is in constant memory")
        self.expect("static constant constexpr uint kRows = 4;\nstatic constexpr uint rows() {\n  return 4;\n}")


if __name__ == "__main__":
    unittest.main()

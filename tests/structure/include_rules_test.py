#!/usr/bin/env python3
"""include_rules.py finds what it must find, and nothing else."""
import os
import subprocess
import sys
import tempfile
import unittest

import include_rules


def found(path, *lines):
    return list(include_rules.violations(path, "\n".join(lines)))


class IncludeRulesTest(unittest.TestCase):
    def test_accepts_every_arrow_of_the_design(self):
        for path, line in [("kernels/a.cc", "#include <vector>"), ("kernels/a.cc", "#include <immintrin.h>"),
                           ("kernels/a.cc", '#include "kernels/b.h"'), ("base/a.cc", '#include "absl/status/status.h"'),
                           ("base/a.cc", "#include <spdlog/spdlog.h>"), ("base/a.cc", "#include <sys/stat.h>"),
                           ("engine/a.cc", '#include "kernels/b.h"'), ("engine/a.cc", "#include <pcre2.h>"),
                           ("engine/cli/infer.cc", "#include <CLI/CLI.hpp>"), ("engine/cli/a.cc", "#include <nlohmann/json.hpp>"),
                           ("engine/c_api/a.cc", '#include "bitnet/bitnet.h"'),
                           ("deploy/examples/cpp/a.cc", "#include <bitnet/bitnet.h>"), ("deploy/examples/cpp/a.cc", '#include "beside.h"'),
                           ("deploy/wasm/a.cc", "#include <emscripten/bind.h>"),
                           ("proto/a.cc", "#include <grpcpp/grpcpp.h>"), ("worker/a.cc", '#include "engine/engine.h"'),
                           ("worker/main.cc", "#include <CLI/CLI.hpp>"), ("worker/a.cc", '#include "proto/bitnet/v1/x.pb.h"'),
                           ("service/command_line.cc", "#include <CLI/CLI.hpp>"),
                           ("service/a.cc", "#include <boost/asio.hpp>"), ("service/a.cc", "#include <nlohmann/json.hpp>"),
                           ("service/http/a.cc", '#include "base/log.h"'), ("engine/include/bitnet/bitnet.h", "#include <stdint.h>")]:
            self.assertEqual(found(path, line), [], (path, line))

    def test_refuses_every_other_arrow(self):
        for path, line in [("kernels/a.cc", '#include "base/b.h"'), ("kernels/a.h", '#include "absl/types/span.h"'),
                           ("base/a.h", '#include "kernels/b.h"'), ("base/a.h", '#include "engine/engine.h"'),
                           ("engine/a.cc", '#include "proto/status.h"'), ("engine/a.cc", "#include <grpcpp/grpcpp.h>"),
                           ("engine/a.cc", "#include <spdlog/spdlog.h>"), ("engine/a.cc", "#include <CLI/CLI.hpp>"),
                           ("engine/a.cc", "#include <nlohmann/json.hpp>"), ("engine/a.cc", '#include "worker/w.h"'),
                           ("service/a.cc", '#include "engine/engine.h"'), ("service/a.cc", '#include "kernels/b.h"'),
                           ("service/a.cc", '#include "worker/w.h"'), ("worker/a.cc", '#include "service/s.h"'),
                           ("worker/a.cc", '#include "kernels/b.h"'), ("worker/a.cc", "#include <boost/asio.hpp>"),
                           ("worker/flags.cc", "#include <CLI/CLI.hpp>"), ("service/admit.cc", "#include <CLI/CLI.hpp>"),
                           ("proto/a.cc", '#include "base/log.h"'), ("engine/a.cc", '#include "tests/engine/x.h"'),
                           ("engine/include/bitnet/bitnet.h", "#include <vector>"), ("deploy/a.cc", '#include "service/s.h"'),
                           ("engine/a.cc", '#include "bitnet/bitnet.h"'), ("deploy/a.cc", "#include <bitnet/bitnet.h>"),
                           ("engine/a.cc", "#include <emscripten/bind.h>"),
                           ("deploy/examples/cpp/a.cc", "#include <absl/status/status.h>")]:
            self.assertEqual(len(found(path, line)), 1, (path, line))

    def test_refuses_what_it_cannot_judge(self):
        self.assertEqual(len(found("kernels/a.cc", "#include SOME_MACRO")), 1)
        self.assertEqual(len(found("kernels/a.cc", "#include <eigen3/Eigen/Dense>")), 1)
        self.assertEqual(len(found("engine/a.cc", '#include "b.h"')), 1)
        self.assertEqual(len(found("engine/a.cc", '#include "../service/s.h"')), 1)

    def test_sees_odd_spelling_and_names_the_line(self):
        messages = found("engine/a.cc", "/* one", "two */", "#if 1", '  #  include   "service/s.h"  // why', "#endif")
        self.assertEqual(messages, ["engine/a.cc:4: engine may not include service/s.h"])

    def test_ignores_comments(self):
        self.assertEqual(found("kernels/a.cc", '// #include "service/s.h"', '/* \n#include "service/s.h"\n */'), [])

    def test_program_fails_on_a_tree_with_a_violation_and_on_an_empty_one(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include_rules.py")
        run = lambda root: subprocess.run([sys.executable, script, root], stdout=subprocess.PIPE, text=True)
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(run(root).returncode, 1)
            os.mkdir(os.path.join(root, "kernels"))
            with open(os.path.join(root, "kernels", "a.cc"), "w") as file:
                file.write("#include <vector>\n")
            self.assertEqual(run(root).returncode, 0)
            with open(os.path.join(root, "kernels", "b.h"), "w") as file:
                file.write('#include "engine/engine.h"\n')
            result = run(root)
            self.assertEqual(result.returncode, 1)
            self.assertIn("kernels/b.h:1: kernels may not include engine/engine.h", result.stdout)


if __name__ == "__main__":
    unittest.main()

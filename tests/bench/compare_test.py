#!/usr/bin/env python3
"""bench/compare: what the programs print is understood, and what is missing is said."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

COMPARE = pathlib.Path(__file__).resolve().parents[2] / "bench" / "compare"
sys.path.insert(0, str(COMPARE))

import ours  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402

TABLE_BENCH = """#!/bin/sh
[ "$2" = --help ] && exit 0
echo "$@" >> "$(dirname "$0")/asked"
echo '| test | isa | threads | sequences | prompt | generated | tokens/s (median) | lowest | highest |'
echo '|---|---|---|---|---|---|---|---|---|'
echo '| decode | x86_avx2 | 1 | 1 | 16 | 64 | 12.00 | 11.00 | 13.00 |'
"""
JSON_BENCH = """#!/bin/sh
[ "$2" = --help ] && { echo '  --format TEXT'; exit 0; }
echo "$@" >> "$(dirname "$0")/asked"
echo '[{"benchmark": "decode", "threads": 1, "tokens_per_second": 12.5}]'
"""
LLAMA_BENCH = """#!/bin/sh
echo '[ { "n_gen": 64, "avg_ts": 6.0, "stddev_ts": 0.0 } ]'
"""
# As far as a load of it goes: a counted call is one that came after the first.
LLAMA_SERVER = """#!%s
import http.server, json, sys
asked = open(sys.argv[0] + ".asked", "a")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked.write(request + "\\n")
        asked.flush()
        self.send_response(200)
        self.end_headers()
        for event in ({"content": "x", "stop": False}, {"stop": True, "tokens_predicted": TOKENS}):
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\\n\\n")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
""" % sys.executable
FRONT = """#!%s
import http.server, json, pathlib, sys
pathlib.Path(sys.argv[0] + ".asked").write_text(" ".join(sys.argv[1:]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"bitnet_worker_up{model=\\"m\\",worker=\\"W0\\"} 1\\n")
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
ports = pathlib.Path(sys.argv[sys.argv.index("--port-file") + 1])
unfinished = ports.with_suffix(".unfinished")
unfinished.write_text(json.dumps({"grpc": "127.0.0.1:1", "http": "127.0.0.1:%%d" %% server.server_port}))
unfinished.rename(ports)
server.serve_forever()
""" % sys.executable
BATCHED_BENCH = """#!/bin/sh
echo '|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |' >&2
echo '|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|' >&2
echo '|    16 |     64 |    8 |    640 |    1.000 |   128.00 |   10.240 |     4.00 |   11.240 |    56.94 |' >&2
"""


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "model.gguf").write_bytes(b"GGUF")

    def program(self, name, text):
        path = self.root / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def run_compare(self, *arguments):
        model = str(self.root / "model.gguf")
        return subprocess.run(
            [sys.executable, "-B", str(COMPARE / "run"), "--work", str(self.root), "--no-install", "--threads", "1",
             "--model-ours", model, "--model-ik", model, "--model-llama", model, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_reads_tables_and_json_of_bitnet_bench(self):
        for text, rate in ((TABLE_BENCH, 12.0), (JSON_BENCH, 12.5)):
            bench = peers.Ours(self.program("bitnet-bench", text), "model.gguf")
            output = subprocess.run(bench.command("decode", 1), stdout=subprocess.PIPE, text=True).stdout
            self.assertEqual(bench.tokens_per_second("decode", output), rate)

    def test_asks_an_older_bitnet_bench_to_decode_a_batch(self):
        self.assertEqual(ours.arguments("batch", 2, "m", has_json=False)[0], "decode")
        self.assertEqual(ours.arguments("batch", 2, "m", has_json=True)[0], "batch")

    def test_prints_medians_and_ratios_of_turns(self):
        done = self.run_compare("--bench", self.program("bitnet-bench", TABLE_BENCH), "--peers", "llama.cpp", "--repetitions",
                                "3", "--llama-bench", self.program("llama-bench", LLAMA_BENCH), "--benchmarks", "decode,batch")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| decode | 1 | 12.00 (12.00 to 12.00) | 6.00 (6.00 to 6.00) | 2.00 |", done.stdout)
        self.assertIn("llama.cpp, batch: %s/llama-batched-bench is not a program" % self.root, done.stderr)
        self.assertIn("| batch | 1 | 12.00 (12.00 to 12.00) | - | - |", done.stdout)
        results = json.loads((self.root / "result.json").read_text())["results"]
        self.assertEqual(results[0]["ratios"], {"llama.cpp": 2.0})
        self.assertEqual(results[0]["samples"]["bitnet"], [12.0] * 3)

    def test_measures_batches_with_the_program_beside_llama_bench(self):
        self.program("llama-batched-bench", BATCHED_BENCH)
        done = self.run_compare("--bench", self.program("bitnet-bench", JSON_BENCH), "--peers", "ik", "--repetitions", "1",
                                "--ik", self.program("llama-bench", LLAMA_BENCH), "--benchmarks", "batch")
        self.assertIn("| batch | 1 | 12.50 (12.50 to 12.50) | 4.00 (4.00 to 4.00) | 3.12 |", done.stdout)

    def test_has_servers_answer_the_same_calls(self):
        server = self.program("llama-server", LLAMA_SERVER.replace("TOKENS", "48"))
        front = self.program("bitnet-front", FRONT)
        done = self.run_compare("--bench", self.program("bitnet-bench", JSON_BENCH), "--peers", "llama-server", "--repetitions",
                                "1", "--llama-server", server)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("decode: nothing to compare with", done.stderr)
        self.assertRegex(done.stdout, r"\| serve \| 1 \| 12\.50 \(12\.50 to 12\.50\) \| [0-9.]+ \(")
        calls = [json.loads(line) for line in pathlib.Path(server + ".asked").read_text().splitlines()]
        self.assertEqual(len(calls), 1 + 16)
        for call in calls:
            self.assertEqual((len(call["prompt"]), call["n_predict"], call["ignore_eos"]), (16, 48, True))
        self.assertIn("--concurrent 8 --requests 16 --prompt-tokens 16 --max-tokens 48", (self.root / "asked").read_text())
        self.assertIn("--threads 1", pathlib.Path(front + ".asked").read_text())

    def test_does_not_count_answers_that_a_server_cut_short(self):
        server = self.program("llama-server", LLAMA_SERVER.replace("TOKENS", "47"))
        self.program("bitnet-front", FRONT)
        done = self.run_compare("--bench", self.program("bitnet-bench", JSON_BENCH), "--peers", "llama-server", "--repetitions",
                                "1", "--llama-server", server, "--benchmarks", "serve")
        self.assertIn("answers of 48 tokens were wanted, llama-server gave [47]", done.stderr)
        self.assertIn("| serve | 1 | 12.50 (12.50 to 12.50) | - | - |", done.stdout)

    def test_says_what_a_failing_program_said(self):
        done = self.run_compare("--bench", self.program("bitnet-bench", TABLE_BENCH), "--peers", "ik", "--repetitions", "2",
                                "--ik", self.program("llama-bench", "#!/bin/sh\necho no such type >&2\nexit 3\n"),
                                "--benchmarks", "decode")
        self.assertIn("ik_llama.cpp, decode, 1 threads: exit code 3", done.stderr)
        self.assertIn("no such type", done.stderr)
        self.assertIn("| decode | 1 | 12.00 (12.00 to 12.00) | - | - |", done.stdout)

    def test_says_what_is_missing(self):
        done = self.run_compare("--bench", str(self.root / "none"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("none is not a program", done.stderr)
        done = self.run_compare("--bench", self.program("bitnet-bench", TABLE_BENCH))
        self.assertEqual(done.returncode, 1)
        self.assertIn("without llama.cpp: numpy", done.stderr)
        self.assertIn("--no-install was given", done.stderr)
        self.assertIn("nothing to compare with", done.stderr)

    def test_takes_the_median_of_an_even_number_of_turns(self):
        row, = report.rows({("decode", 1): {"a": [4.0, 1.0, 3.0, 2.0], "b": [1.0, 1.5]}}, ["a", "b"])
        self.assertEqual(row["tokens_per_second"], {"a": 2.5, "b": 1.25})
        self.assertEqual(row["ratios"], {"b": 2.0})


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    unittest.main()

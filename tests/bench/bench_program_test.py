#!/usr/bin/env python3
"""bitnet-bench measures the embedded model, and draws what it measured. Nothing is asserted about speed."""
import csv
import io
import json
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

EMULATED = bool(os.environ.get("BITNET_EMULATOR"))  # One test shows that it runs there; speed says nothing.
PROGRAM = [*filter(None, os.environ.get("BITNET_EMULATOR", "").split("|")), os.environ["BITNET_BENCH"]]


def run(*arguments):
    return subprocess.run([*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def records(*arguments):
    result = run(*arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


SHORT = ["--threads", 1, "--repetitions", 1]


class BenchProgramTest(unittest.TestCase):
    def test_decodes_the_embedded_model(self):
        decoded = records("decode", *SHORT, "--steps", 2, "--batch", "1,2", "--context", "0,40")
        self.assertEqual([(r["batch"], r["context"]) for r in decoded], [(1, 0), (2, 0), (1, 40), (2, 40)])
        for record in decoded:
            self.assertEqual(record["benchmark"], "decode")
            self.assertEqual(record["model"], "lighthouse-1.58b-6m.gguf")
            self.assertEqual(record["threads"], 1)
            for key in ("tokens_per_second", "bytes_per_token", "bytes_per_second", "bandwidth_share", "int8_share",
                        "machine_bandwidth", "machine_int8_macs", "load_seconds", "first_token_seconds", "peak_memory_bytes"):
                self.assertGreater(record[key], 0, key)
            self.assertNotEqual(record.get("joules_per_token"), 0)
            for key in ("chip", "compiler", "commit", "isa"):
                self.assertTrue(record[key], key)

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_reads_prompts_of_a_made_model(self):
        for kind in ("2bit", "base3", "1bit-grouped", "1bit-binary"):
            with self.subTest(kind):
                record, = records("prefill", *SHORT, "--shape", "tiny", "--type", kind, "--prompt-tokens", 40, "--chunk-size", 16)
                self.assertEqual(record["model"], "tiny")
                self.assertGreater(record["tokens_per_second"], 0)

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_tells_how_sparse_a_model_is(self):
        record, = records("decode", *SHORT, "--steps", 2, "--sparsity", "on")
        for key in ("up_rows_share", "down_columns_share"):
            self.assertTrue(0 < record[key] < 0.5, record)
        self.assertNotIn("up_rows_share", records("decode", *SHORT, "--steps", 2)[0])

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_names_what_is_fastest(self):
        result = run("tune", "--threads", "1,2", "--chunk-size", "16,64", "--repetitions", 1, "--steps", 2, "--format", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        best = [record for record in json.loads(result.stdout) if "best" in record]
        self.assertEqual([record["best"] for record in best], ["decode", "prefill"])
        self.assertIn("decode with --threads %d" % best[0]["threads"], result.stderr)
        self.assertIn("--chunk-size %d" % best[1]["chunk_size"], result.stderr)

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_draws_what_it_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "batch.json")
            result = run("batch", *SHORT, "--shape", "tiny", "--steps", 2, "--format", "json", "--output", path)
            self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
            drawn = run("plot", path, "--output", folder)
            self.assertEqual(drawn.returncode, 0, drawn.stderr)
            pictures = drawn.stdout.split()
            self.assertEqual([os.path.basename(p) for p in pictures], ["decode_over_batch.svg", "roofline.svg"])
            for picture in pictures:
                self.assertTrue(xml.etree.ElementTree.parse(picture).getroot().tag.endswith("svg"))

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_compares_two_ways_of_loading(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = os.path.join(folder, "texts.jsonl")
            with open(os.environ["BITNET_TEXTS"]) as source, open(texts, "w") as file:
                file.write(source.readline())
            same, = records("perplexity", texts, "--against", "isa=portable")
            self.assertEqual((same["kl_per_token"], same["same_top_token"]), (0, 1))
            self.assertEqual(same["perplexity"], same["against_perplexity"])
            other, = records("perplexity", texts, "--against", "activations=f32")
            self.assertGreater(other["kl_per_token"], 0)
            halves, = records("perplexity", texts, "--against", "kv=f32")
            self.assertGreater(halves["kl_per_token"], 0)
            self.assertLess(halves["kl_per_token"], other["kl_per_token"])
            six, = records("perplexity", texts, "--head-format", "int6", "--against", "head=exact")
            self.assertGreater(six["kl_per_token"], 0)
            made, = records("perplexity", "--shape", "tiny", "--against", "kv=f32")
            self.assertGreater(made["kl_per_token"], 0)
            for wrong in (("--against", "kv=f8", texts), (), ("--shape", "tiny"), (texts, "--shape", "tiny")):
                self.assertNotEqual(run("perplexity", *wrong).returncode, 0, wrong)

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_writes_csv_and_a_table(self):
        result = run("machine", "--threads", 1, "--format", "csv")
        row, = csv.DictReader(io.StringIO(result.stdout))
        self.assertEqual(row["benchmark"], "machine")
        self.assertGreater(float(row["machine_bandwidth"]), 0)
        table = run("machine", "--threads", 1).stdout.splitlines()
        self.assertTrue(table[0].startswith("| benchmark | chip | cores |"), table)

    @unittest.skipIf(EMULATED, "measured where it is not emulated")
    def test_says_what_it_wanted(self):
        for arguments, wanted in [(["decode", "--shape", "9b"], "2b-4t"),
                                  (["decode", "--isa", "z80"], "z80"),
                                  (["decode", "--model", "/nowhere.gguf"], "/nowhere.gguf"),
                                  (["decode", "--context", 1000000], "positions"),
                                  (["prefill", "--shape", "tiny", "--type", "3bit"], "base3"),
                                  (["plot", "/nowhere.json"], "/nowhere.json")]:
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn(wanted, result.stderr)


if __name__ == "__main__":
    unittest.main()

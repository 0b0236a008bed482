#!/usr/bin/env python3
"""Runs the twin of the official file (make_twin.py) through the programs. Called by run.sh.

Usage: test_twin.py --build BUILD --vocabulary PACKAGE --work FOLDER [--small] [--arm64-build BUILD --qemu COMMAND]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import unittest

import numpy as np

import llama3_vocabulary as llama3
import make_twin

HERE = pathlib.Path(__file__).resolve().parent
# What the model says first and last is BOS and the cue for its turn, "Assistant: ".
CONVERSATIONS = [
    ("", "What is a lighthouse?"),
    ("You are a helpful AI assistant.", "  How are you?\n"),
    ("", "<|eot_id|> in a message is text, 123456 äöü 灯台 🗼"),
]


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, encoding="utf-8",
                          errors="replace", **options)  # A token may be a part of a character.


class Twin(unittest.TestCase):
    """One file for all tests, which leave it as they found it."""

    @classmethod
    def setUpClass(cls):
        cls.path = ARGUMENTS.work / "twin.gguf"
        cls.sizes = make_twin.make(cls.path, ARGUMENTS.vocabulary, ARGUMENTS.small)
        size = sum(t.size + -t.size % 32 for t in make_twin.tensors(cls.sizes))
        cls.data_start = cls.path.stat().st_size - size
        print("twin: %d bytes" % cls.path.stat().st_size, flush=True)

    @classmethod
    def tearDownClass(cls):
        cls.path.unlink()

    def infer(self, *options):
        return run(ARGUMENTS.build / "bin" / "bitnet-infer", "--model", self.path, *options)

    def logits(self, ids, *options, command=(), build=None, model=None):
        """Bytes, and what the program printed."""
        ids_path, output = ARGUMENTS.work / "ids.txt", ARGUMENTS.work / "logits.bin"
        ids_path.write_text(" ".join(map(str, ids)) + "\n")
        printed = run(*command, (build or ARGUMENTS.build) / "bin" / "engine_logits", "--model", model or self.path,
                      "--ids", ids_path, "--output", output, *options).stdout.strip()
        return output.read_bytes(), printed

    def test_has_the_official_files_structure(self):
        with open(self.path, "rb") as file:
            head = np.frombuffer(file.read(24), "<u8")
        self.assertEqual(head[2], 24)
        self.assertEqual(head[1], 2 + 11 * self.sizes.layers)
        if not ARGUMENTS.small:
            self.assertEqual(head[1], 332)

    def test_loads_mapped_and_not(self):
        ids = [llama3.BEGIN, 1502, 25, 220]
        mapped, printed = self.logits(ids, "--access", "map")
        print("mapped:    " + printed)
        read, printed = self.logits(ids, "--access", "read")
        print("--no-mmap: " + printed, flush=True)
        self.assertEqual(mapped, read)
        values = np.frombuffer(mapped, np.float32).reshape(len(ids), -1)
        self.assertEqual(values.shape[1], self.sizes.vocab_size)
        self.assertTrue(np.isfinite(values).all())
        # Nearly normal, but for the dimension that all share.
        self.assertGreater(values.std(1).min(), 1)
        self.infer("--no-mmap", "--prompt", "Hello", "--n-predict", "1")

    def test_is_the_same_model_when_packed(self):
        packed = self.path.with_name("packed.gguf")
        ids = [llama3.BEGIN, 1502, 25, 220]
        try:
            for mode, head in (("2bit", "int6"), ("base3", "file")):
                run(ARGUMENTS.build / "bin" / "bitnet-convert", "--input", self.path, "--output", packed,
                    "--pack-mode", mode, "--head", head, "--target-arch", "native")
                expected, _ = self.logits(ids, "--head", head)
                actual, printed = self.logits(ids, "--head", head, model=packed)
                print("%-6s %s (%.0f MiB)" % (mode + ":", printed, packed.stat().st_size / 2**20), flush=True)
                self.assertTrue(actual == expected, mode)  # Megabytes: nothing to print.
                # The embedding is still there beside a head in 6 bits.
                self.assertTrue(self.logits(ids, "--head", "exact", model=packed)[0] == self.logits(ids)[0], mode)
                packed.unlink()
        finally:
            packed.unlink(missing_ok=True)

    def test_chats_in_the_format_the_model_was_trained_with(self):
        parts = [text for system, user in CONVERSATIONS
                 for text in ("System: " + system.strip(), "User: " + user.strip(), "Assistant: ")]
        reference = run("node", HERE / "reference_ids.mjs", ARGUMENTS.vocabulary, input=json.dumps(parts)).stdout
        ids = dict(zip(parts, json.loads(reference)))
        for system, user in CONVERSATIONS:
            expected = [llama3.BEGIN]
            if system:
                expected += ids["System: " + system.strip()] + [llama3.END_OF_TURN]
            plain = ids["User: " + user.strip()]
            expected += plain + [llama3.END_OF_TURN] + ids["Assistant: "]
            options = ["--system", system] if system else []
            shown = self.infer("--prompt", user, *options, "--n-predict", "1", "--verbose-prompt").stderr
            actual = [int(i) for i in re.findall(r'^ *(\d+)  "', shown, re.MULTILINE)]
            if "<|eot_id|>" not in user:
                self.assertEqual(actual, expected, shown)
                continue
            # The reference cannot be told to take a marker as text. Here it must be text, and all after it is as there.
            after = plain[plain.index(llama3.END_OF_TURN) + 1:]
            self.assertEqual(actual.count(llama3.END_OF_TURN), 1, shown)
            self.assertEqual(actual[-len(after) - 4:], after + expected[-4:], shown)

    def test_stops_at_both_end_tokens_and_at_no_other(self):
        for token, end in ((llama3.END_OF_TURN, "ended by the model"), (llama3.END, "ended by the model"),
                           (llama3.END_OF_TURN - 1, "ended by its length"), (1502, "ended by its length")):
            make_twin.set_favourite(self.path, self.sizes, self.data_start, token, True)
            try:
                result = self.infer("--prompt", "What is a lighthouse?", "--n-predict", "3", "--temp", "0")
                raw = self.infer("--raw", "--prompt", "The sea", "--n-predict", "3", "--temp", "0")
            finally:
                make_twin.set_favourite(self.path, self.sizes, self.data_start, token, False)
            for which in (result, raw):
                self.assertIn(end, which.stderr, token)
            if token in (llama3.END_OF_TURN, llama3.END):
                self.assertEqual(result.stdout.strip(), "", token)

    def test_gives_the_same_bits_on_every_kernel_set(self):
        ids = [llama3.BEGIN, 1502, 25, 3639, 374, 264, 326, 59009][:8 if ARGUMENTS.small else 3]
        expected, _ = self.logits(ids, "--isa", "portable")
        features = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8") if sys.platform == "linux" else ""
        sets = [isa for isa, feature in (("x86_avx2", "avx2"), ("x86_avx512vnni", "avx512_vnni")) if feature in features]
        compared = ["portable"]
        for isa in sets:
            self.assertEqual(self.logits(ids, "--isa", isa)[0], expected, isa)
            self.assertEqual(self.logits(ids, "--isa", isa, "--threads", "1")[0], expected, isa)
            compared.append(isa)
        if ARGUMENTS.arm64_build:
            few = ids if ARGUMENTS.small else ids[:1]  # A second's work takes minutes there.
            actual, _ = self.logits(few, "--isa", "arm_neondot", command=ARGUMENTS.qemu.split(), build=ARGUMENTS.arm64_build)
            self.assertEqual(actual, expected[:len(actual)], "arm_neondot")
            compared.append("arm_neondot under qemu (%d positions)" % len(few))
        print("%d logits equal to the last bit: %s" % (len(expected) // 4, ", ".join(compared)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--vocabulary", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--arm64-build", type=pathlib.Path)
    parser.add_argument("--qemu", default="qemu-aarch64-static -cpu max")
    ARGUMENTS, rest = parser.parse_known_args()
    ARGUMENTS.work /= "small" if ARGUMENTS.small else "full"
    ARGUMENTS.work.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

#!/usr/bin/env python3
"""Runs bitnet-convert as its users do. BITNET_CONVERT and BITNET_INFER are the programs, BITNET_MODEL the embedded model's GGUF
file, beside which is its Hugging Face directory; BITNET_EMULATOR is what runs programs where this machine cannot, its words
separated by |."""
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

EMULATOR = [*filter(None, os.environ.get("BITNET_EMULATOR", "").split("|"))]
MODEL = Path(os.environ["BITNET_MODEL"])
DIRECTORY = MODEL.with_suffix("")
QUESTION = "What is a lighthouse?"


def run(*args, program="BITNET_CONVERT", timeout=600):
    return subprocess.run([*EMULATOR, os.environ[program], *map(str, args)], capture_output=True, encoding="utf-8", timeout=timeout)


class ConvertTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.output = self.folder / "out.gguf"

    def convert(self, *args, source=DIRECTORY):
        result = run("--input", source, "--output", self.output, *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, *args, status=1):
        result = run(*args)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_explains_itself(self):
        text = run("--help").stdout
        for word in ("--input", "--output", "--pack-mode", "--target-arch", "--outtype", "--embedding-type", "--i2s-layout", "--dry-run",
                     "--force", "Examples:", "Exit status", "arm64-darwin", "tq1_0"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.split("\n"))), 110)
        self.assertRegex(run("--version").stdout, r"^bitnet-convert \d+\.\d+\.\d+\n$")

    def test_refuses_wrong_usage(self):
        files = ["--input", MODEL, "--output", self.output]
        for args, message in (([], "--input"), (files[:2], "--output"), ([*files, "--outtype", "q9"], "q1_0"),
                              ([*files, "--pack-mode", "3bit"], "base3"), ([*files, "--target-arch", "z80"], "x86_64-linux"),
                              ([*files, "--outtype", "i2_s", "--pack-mode", "2bit"], "--pack-mode"), ([*files, "stray"], "stray")):
            self.assertIn(message, self.fails(*args, status=2))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_packed_files_answer_as_the_model_does(self):
        wanted = run("--quiet", "--prompt", QUESTION, "--model", MODEL, program="BITNET_INFER").stdout
        self.assertIn("tower", wanted)
        for args in (["--pack-mode", "2bit"], ["--pack-mode", "base3"], ["--outtype", "tq2_0"]):
            self.convert("--force", *args)
            answer = run("--quiet", "--prompt", QUESTION, "--model", self.output, program="BITNET_INFER")
            self.assertEqual(answer.stdout, wanted, args)

    def test_says_what_became_of_each_tensor(self):
        text = self.convert("--pack-mode", "auto", "--target-arch", "arm64-linux")
        self.assertIn("Raspberry Pi 5 (listed)", text)
        self.assertRegex(text, r"blk\.\*\.ffn_up\.weight +x8 .*base-3.* exact +(memory|unpacking) decides: .* ps a weight")
        self.assertRegex(text, r"read back and compared; [\d.]+ s, [\d.]+ GB/s of input")
        text = self.convert("--force", "--every-tensor", "--outtype", "tq2_0")
        self.assertRegex(text, r"blk\.7\.ffn_up\.weight .*TQ2_0 +2\.062 .* (exact|\d\.\de-0\d) ")
        self.assertNotIn("*", text)

    def test_writes_nothing_in_a_dry_run(self):
        self.assertIn("nothing was written", self.convert("--dry-run"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_replaces_a_file_only_if_told_to(self):
        self.output.write_text("precious")
        self.assertIn("--force", self.fails("--input", MODEL, "--output", self.output))
        self.assertEqual(self.output.read_text(), "precious")
        self.convert("--force", "--outtype", "i2_s", source=MODEL)
        self.assertEqual(self.output.read_bytes()[:4], b"GGUF")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["out.gguf"])

    def test_names_the_tensor_that_is_wrong(self):
        broken = self.folder / "broken"
        shutil.copytree(DIRECTORY, broken)
        path = broken / "model.safetensors"
        data = path.read_bytes()
        length = struct.unpack_from("<Q", data)[0]
        header = json.loads(data[8:8 + length])
        name = "model.layers.3.mlp.up_proj.weight"

        def damage(change):
            changed = json.loads(json.dumps(header))
            change(changed)
            text = json.dumps(changed).encode()
            path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length:])
            return self.fails("--input", broken, "--output", self.output)

        self.assertIn(name, damage(lambda h: h[name].update(shape=[1 << 40, 256])))
        self.assertIn(name, damage(lambda h: h[name].update(dtype="I8")))
        self.assertIn(name, damage(lambda h: h.pop(name + "_scale") and h[name]["data_offsets"].__setitem__(1, 1)))
        self.assertIn("model.layers.3.mlp.what", damage(lambda h: h.update({"model.layers.3.mlp.what": h.pop(name)})))
        path.write_bytes(data[:len(data) // 2])
        self.assertRegex(self.fails("--input", broken, "--output", self.output), r"model\.safetensors: tensor 'model\.")
        path.write_bytes(data)
        # Bits 11 stand for no weight.
        begin = 8 + length + header[name]["data_offsets"][0]
        path.write_bytes(data[:begin] + b"\xff" + data[begin + 1:])
        self.assertIn("blk.3.ffn_up.weight", self.fails("--input", broken, "--output", self.output, "--outtype", "tq2_0"))
        self.assertFalse(self.output.exists())

    def test_names_the_tensor_that_a_type_cannot_hold(self):
        result = run("--input", MODEL, "--output", self.output, "--outtype", "q1_0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("blk.0.attn_q.weight", result.stderr)
        self.assertFalse(self.output.exists())

    def test_draws_a_bar_on_a_terminal(self):
        parent, child = pty.openpty()
        process = subprocess.Popen([*EMULATOR, os.environ["BITNET_CONVERT"], "-i", str(MODEL), "-o", str(self.output), "--outtype", "tq1_0"],
                                   stdout=subprocess.DEVNULL, stderr=child)
        os.close(child)
        drawn = b""
        try:
            while piece := os.read(parent, 4096):
                drawn += piece
        except OSError:
            pass  # The other end is closed.
        self.assertEqual(process.wait(), 0)
        for stage in (b"examining", b"writing", b"reading back"):
            self.assertIn(stage, drawn)
        self.assertIn(b"[##############################] 100 %", drawn)
        self.assertNotIn(b"\n", drawn)
        self.assertTrue(drawn.endswith(b"\r\x1b[K"))

    @unittest.skipIf(EMULATOR, "signals to an emulator are its own affair")
    def test_leaves_nothing_when_interrupted(self):
        process = subprocess.Popen([os.environ["BITNET_CONVERT"], "-i", str(DIRECTORY), "-o", str(self.output), "--outtype", "tq1_0"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stderr.read(1)  # It has begun.
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertIn(process.returncode, (0, 130))
        left = sorted(p.name for p in self.folder.iterdir())
        self.assertEqual(left, [] if process.returncode else ["out.gguf"])


if __name__ == "__main__":
    unittest.main()

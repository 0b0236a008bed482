#!/usr/bin/env python3
"""Runs bitnet-infer as its users do. BITNET_INFER is the program, BITNET_MODEL the model that comes with it, BITNET_EMULATOR
what runs the program where this machine cannot, its words separated by |."""
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = [*filter(None, os.environ.get("BITNET_EMULATOR", "").split("|")), os.environ["BITNET_INFER"]]
MODEL = os.environ["BITNET_MODEL"]
QUESTION = "What is a lighthouse?"


def run(*args, text="", env=None, timeout=300):
    return subprocess.run([*PROGRAM, *args], input=text, capture_output=True, encoding="utf-8", timeout=timeout,
                          env={**os.environ, "BITNET_MODEL": MODEL, **(env or {})})


def write_adapter(folder):
    """A LoRA adapter to the first layer of the embedded model, as PEFT would save it."""
    with open(os.path.join(os.path.dirname(MODEL), "lighthouse-1.58b-6m", "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    name = "base_model.model.model.layers.0.mlp.down_proj.lora_%s.weight"
    a = struct.pack("<%df" % config["intermediate_size"], *[(-1)**(i // 3) for i in range(config["intermediate_size"])])
    b = struct.pack("<%df" % config["hidden_size"], *[(-1)**(i // 2) for i in range(config["hidden_size"])])
    header = json.dumps({
        name % "A": {"dtype": "F32", "shape": [1, config["intermediate_size"]], "data_offsets": [0, len(a)]},
        name % "B": {"dtype": "F32", "shape": [config["hidden_size"], 1], "data_offsets": [len(a), len(a) + len(b)]}}).encode()
    with open(os.path.join(folder, "adapter_model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + a + b)
    with open(os.path.join(folder, "adapter_config.json"), "w", encoding="utf-8") as file:
        json.dump({"peft_type": "LORA", "r": 1, "lora_alpha": 1}, file)


class InferTest(unittest.TestCase):
    def answer(self, *args, text=""):
        result = run(*args, text=text)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_explains_itself(self):
        help_text = self.answer("--help")
        for word in ("--prompt", "--n-predict", "--isa", "Examples:", "BITNET_MODEL", "Exit status"):
            self.assertIn(word, help_text)
        self.assertLessEqual(max(map(len, help_text.split("\n"))), 110)
        self.assertRegex(self.answer("--version"), r"^bitnet-infer \d+\.\d+\.\d+\n$")

    def test_refuses_wrong_usage(self):
        for args, message in ((["--no-such-flag"], "no-such-flag"), (["--n-predict", "0"], "not -1 or at least 1"),
                              (["--n-predict", "many"], "many"), (["--threads", "-1"], "--threads"), (["--threads", "some"], "neither auto nor"),
                              (["--chunk-size", "0"], "--chunk-size"), (["--chunk-size", "8193"], "--chunk-size"),
                              (["--speculate", "wildly"], "--speculate"),
                              (["--prefix-cache", "maybe"], "--prefix-cache"),
                              (["--temp", "-0.5"], "--temp"), (["--top-p", "1.5"], "--top-p"), (["--stop", ""], "is empty"),
                              (["--prompt", "a", "--file", "b"], "--file"), (["--chat", "--raw"], "--raw"),
                              (["--interactive", "--raw"], "--raw"), (["--isa", "z80"], "available are: "),
                              (["stray"], "stray")):
            result = run(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn(message, result.stderr)
            self.assertEqual(result.stdout, "")
        self.assertIn("portable", run("--isa", "z80").stderr)

    def test_says_which_model_is_missing(self):
        result = run("--model", "/no/such/model.gguf", "--prompt", "a")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/no/such/model.gguf", result.stderr)
        result = run("--prompt", "a", env={"BITNET_MODEL": "/also/missing.gguf"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("/also/missing.gguf", result.stderr)

    def test_applies_adapters(self):
        with tempfile.TemporaryDirectory() as folder:
            write_adapter(folder)
            ask = ["--raw", "--prompt", QUESTION, "--n-predict", "8", "--ignore-eos", "--quiet"]
            plain = self.answer(*ask)
            adapted = self.answer(*ask, "--adapter", folder)
            self.assertNotEqual(adapted, plain)
            self.assertEqual(self.answer(*ask, "--adapter", folder + "=1.0"), adapted)
            self.assertEqual(self.answer(*ask, "--adapter", folder + "=0"), plain)
            self.assertEqual(self.answer(*ask, "--adapter", folder + "=0.5", "--adapter", folder + "=0"),
                             self.answer(*ask, "--adapter", folder + "=0.5"))
            with open(os.path.join(folder, "texts.jsonl"), "w", encoding="utf-8") as file:
                json.dump({"ids": [1, 2, 3, 4, 5], "answer_start": 1}, file)
            measure = ["--perplexity", file.name]
            self.assertNotEqual(self.answer(*measure, "--adapter", folder), self.answer(*measure))
            self.assertEqual(self.answer(*measure, "--adapter", folder + "=0"), self.answer(*measure))
        result = run(*ask, "--adapter", "/no/such/adapter.gguf=2")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/no/such/adapter.gguf: ", result.stderr)

    def test_says_what_is_wrong_with_a_model(self):
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            for content, message in ((b"", "needs 4 bytes, but only 0 follow"), (b"not a model at all", "not a GGUF file")):
                file.write(content)
                file.flush()
                result = run("--model", file.name, "--prompt", "a")
                self.assertEqual(result.returncode, 1)
                self.assertIn(message, result.stderr)

    def test_takes_prompts_from_everywhere(self):
        expected = self.answer("--prompt", QUESTION, "--quiet", "--n-predict", "30")
        self.assertTrue(expected.strip())
        self.assertEqual(self.answer("--quiet", "--n-predict", "30", text=QUESTION + "\n"), expected)
        self.assertEqual(self.answer("--file", "-", "--quiet", "--n-predict", "30", text=QUESTION), expected)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(QUESTION)
            file.flush()
            self.assertEqual(self.answer("--file", file.name, "--quiet", "--n-predict", "30"), expected)
        self.assertEqual(self.answer("--raw", "--parse-special", "--quiet", "--n-predict", "30", "--prompt",
                                     f"User: {QUESTION}<|eot_id|>Assistant: "), expected)

    def test_asks_for_a_prompt(self):
        result = run("--quiet", text=" \n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no prompt", result.stderr)

    def test_gives_the_same_answer_every_way(self):
        args = ["--prompt", QUESTION, "--quiet", "--n-predict", "40"]
        expected = self.answer(*args)
        isas = re.search(r"available are: (.*)", run("--isa", "none").stderr).group(1).split(", ")
        self.assertIn("portable", isas)
        for more in (["--no-mmap"], ["--threads", "1"], ["--threads", "3"], ["--chunk-size", "3"], ["--model", MODEL],
                     ["--threads", "auto"], ["--chunk-size", "8192"], ["--speculate", "off"], ["--prefix-cache", "off"], ["--max-draft", "2"],
                     *(["--isa", isa] for isa in isas)):
            self.assertEqual(self.answer(*args, *more), expected, more)

    def test_repeats_itself_for_a_seed(self):
        args = ["--prompt", QUESTION, "--quiet", "--n-predict", "30", "--temp", "1.5", "--ignore-eos"]
        self.assertEqual(self.answer(*args, "--seed", "1"), self.answer(*args, "--seed", "1"))
        self.assertGreater(len({self.answer(*args, "--seed", str(seed)) for seed in range(4)}), 1)

    def test_counts_tokens(self):
        for count in (1, 7):
            result = run("--prompt", QUESTION, "--ignore-eos", "--n-predict", str(count))
            self.assertRegex(result.stderr, rf"decode .* {count} tokens, .*ended by its length")

    def test_says_how_many_threads_it_chose(self):
        result = run("--prompt", "hi", "--n-predict", "2", "--threads", "auto")
        chosen = re.search(r"^threads (\d+): .*\d threads? takes? \d+\.\d\d ms a step", result.stderr, re.MULTILINE)
        self.assertTrue(chosen, result.stderr)
        self.assertRegex(result.stderr, rf"total .* {chosen.group(1)} threads")

    def test_guesses_repetitions(self):
        args = ["--raw", "--prompt", "one two three four. " * 12, "--n-predict", "60", "--ignore-eos"]
        result = run(*args)  # lookup is the default.
        self.assertRegex(result.stderr, r"guessed +\d+ tokens, \d+ of them right")
        plain = run(*args, "--speculate", "off")
        self.assertEqual(plain.stdout, result.stdout)
        self.assertNotIn("guessed", plain.stderr)

    def test_answers_in_the_form_asked_for(self):
        schema = {"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 12}, "height": {"type": "integer", "minimum": 1, "maximum": 99},
            "colours": {"type": "array", "items": {"enum": ["red", "white"]}, "minItems": 1, "maxItems": 3}},
            "required": ["name", "height", "colours"], "additionalProperties": False}
        text = json.dumps(schema)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "schema.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            for more in ([], ["--temp", "1.2", "--seed", "3"], ["--temp", "1", "--repetition-penalty", "1.1"],
                         ["--speculate", "lookup"]):
                args = ["--prompt", QUESTION, "--quiet", *more]
                answer = self.answer(*args, "--json-schema", text)
                self.assertEqual(answer, self.answer(*args, "--json-schema", path))
                value = json.loads(answer)
                self.assertEqual(list(value), ["name", "height", "colours"])
                self.assertLessEqual(len(value["name"]), 12)
                self.assertIn(value["height"], range(1, 100))
                self.assertTrue(1 <= len(value["colours"]) <= 3 and set(value["colours"]) <= {"red", "white"})
            path = os.path.join(folder, "list.gbnf")
            with open(path, "w", encoding="utf-8") as file:
                file.write('root ::= item{3}\nitem ::= "- " [a-z]{2,5} "\\n"\n')
            self.assertRegex(self.answer("--prompt", QUESTION, "--quiet", "--grammar", path), r"\A(- [a-z]{2,5}\n){3}\n\Z")
        self.assertRegex(self.answer("--prompt", QUESTION, "--quiet", "--regex", r"\d{4}-(yes|no)"), r"\A\d{4}-(yes|no)\n\Z")
        self.assertTrue(self.answer("--prompt", QUESTION, "--quiet", "--json", "--n-predict", "20").startswith("{"))

    def test_says_what_is_wrong_with_a_form(self):
        for args, message in ((["--regex", "(a"], "regex: at byte 0: there is no ) for this ("),
                              (["--json-schema", '{"not": {}}'], "json_schema: at #: the keyword not is not known"),
                              (["--json-schema", "/no/such/file"], "/no/such/file"), (["--grammar", "/no/such/file"], "/no/such/file")):
            result = run("--prompt", QUESTION, *args)
            self.assertEqual(result.returncode, 1)
            self.assertIn(message, result.stderr)
        self.assertEqual(run("--prompt", QUESTION, "--json", "--regex", "a").returncode, 2)

    def test_ends_before_a_stop_string(self):
        whole = self.answer("--prompt", QUESTION, "--quiet", "--n-predict", "40").strip()
        stop = whole.split()[2]
        result = run("--prompt", QUESTION, "--n-predict", "40", "--stop", "never to be said", "--stop", stop)
        self.assertEqual(result.stdout.strip(), whole[:whole.index(stop)].strip())
        self.assertIn("ended by a stop string", result.stderr)

    def test_summarises_unless_quiet(self):
        result = run("--prompt", QUESTION, "--n-predict", "5")
        for word in ("load", "prefill", "decode", "total", "tokens/s", "threads"):
            self.assertIn(word, result.stderr)
        self.assertEqual(run("--prompt", QUESTION, "--n-predict", "5", "--quiet").stderr, "")

    def test_shows_prompt_tokens_and_logprobs(self):
        result = run("--prompt", "hi", "--n-predict", "3", "--verbose-prompt", "--logprobs", "2", "--quiet", "--ignore-eos")
        lines = result.stderr.splitlines()
        self.assertRegex(lines[0], r'^ *\d+  "<\|begin_of_text\|>"$')
        self.assertEqual(len([line for line in lines if re.match(r"^ *\d+ +-\d+\.\d{4}  .*  of -", line)]), 3)

    def test_refuses_a_prompt_beyond_the_context(self):
        result = run("--prompt", "word " * 20000, "--quiet")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"bitnet-infer: .*\d+")

    def test_converses_line_by_line(self):
        result = run("--interactive", "--n-predict", "8", text="hi\n\n/reset\nhi\n/what\n/exit\nnot read\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        first, second = result.stdout.rstrip("\n").split("\n")
        self.assertEqual(first, second)
        self.assertIn("[forgotten]", result.stderr)
        self.assertIn("/what is no command", result.stderr)

    def test_measures_perplexity(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(json.dumps({"ids": [4093, 300, 25, 220, 302], "answer_start": 3}) + "\n\n")
            file.write(json.dumps({"answer_start": 1, "ids": [4093, 300]}) + "\n")
            file.flush()
            self.assertRegex(self.answer("--perplexity", file.name), r"^perplexity \d+\.\d{4} over 3 tokens of 2 texts\n$")
            file.write("nonsense\n")
            file.flush()
            result = run("--perplexity", file.name)
            self.assertEqual(result.returncode, 1)
            self.assertIn("line 4: not an object", result.stderr)

    def test_interrupt_ends_an_answer(self):
        process = subprocess.Popen([*PROGRAM, "--prompt", QUESTION, "--ignore-eos"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**os.environ, "BITNET_MODEL": MODEL})
        self.assertTrue(os.read(process.stdout.fileno(), 1))  # It has begun.
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertIn(b"interrupted", errors)

    def test_terminal_conversation(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(PROGRAM[0], [*PROGRAM, "--ignore-eos"], {**os.environ, "BITNET_MODEL": MODEL})
        seen = self.read_until(terminal, b"> ")
        self.assertIn(b"/exit", seen)
        os.write(terminal, b"hi\n")
        self.read_until(terminal, b"hi\r\n")
        self.read_until(terminal, b" ")  # An answer without end begins.
        os.write(terminal, b"\x03")
        self.assertIn(b"interrupted]", self.read_until(terminal, b"> "))
        os.write(terminal, b"\x04")
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        os.close(terminal)

    def read_until(self, terminal, wanted, seconds=120):
        seen, deadline = b"", time.monotonic() + seconds
        while wanted not in seen:
            self.assertTrue(select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], seen)
            seen += os.read(terminal, 1)
        return seen


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        print(f"no {MODEL}")
        sys.exit(77)
    unittest.main()

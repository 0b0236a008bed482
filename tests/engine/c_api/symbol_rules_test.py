#!/usr/bin/env python3
"""symbol_rules.py, on archives of small objects. CC names the compiler."""
import os
import subprocess
import sys
import tempfile
import unittest

import symbol_rules


class SymbolRulesTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        self.archive = os.path.join(self.root, "library.a")
        self.add("harmless", "memcmp")

    def add(self, name, *uses):
        """Puts an object behind the others that uses symbols; ones of the same name may be there."""
        source, built = (os.path.join(self.root, name + end) for end in (".c", ".o"))
        with open(source, "w", encoding="ascii") as file:
            for i, symbol in enumerate(uses):
                file.write("extern char %s[]; char* use_%d(void) { return %s; }\n" % (symbol, i, symbol))
        subprocess.run([os.environ["CC"], "-fno-builtin", "-c", source, "-o", built], check=True)
        self.put(built)

    def put(self, path):
        subprocess.run(["ar", "q", self.archive, path], check=True, stderr=subprocess.DEVNULL)

    def judge(self):
        judged = subprocess.run([sys.executable, "-B", symbol_rules.__file__, self.archive], stdout=subprocess.PIPE, text=True)
        return judged.returncode, judged.stdout.splitlines()[:-1]

    def test_accepts_what_asks_for_nothing_of_that(self):
        self.add("format", "snprintf", "vsnprintf", "execute", "binder", "atexit", "pthread_kill_me")
        self.assertEqual(self.judge(), (0, []))

    def test_finds_each_of_the_functions(self):
        for what, names in {
                "starts processes": ["fork", "execve", "execl", "posix_spawnp", "system", "popen"],
                "loads code": ["dlopen", "dlsym"],
                "opens sockets": ["socket", "connect", "bind", "listen", "accept4", "recvfrom"],
                "prints": ["printf", "fprintf", "vfprintf", "dprintf", "puts", "fputs", "putchar", "stderr", "stdout"],
                "ends the process": ["exit", "_exit", "_Exit", "abort", "raise"],
                "handles signals": ["signal", "sigaction"]}.items():
            with self.subTest(what):
                os.remove(self.archive)
                self.add("caller", *names)
                code, complaints = self.judge()
                self.assertEqual(code, 1)
                self.assertCountEqual(complaints, ["caller.o: %s %s" % (name, what) for name in names])

    def test_knows_their_other_names(self):
        self.add("caller", "__printf_chk")
        self.add("streamer", "_ZSt4cerr")
        self.assertEqual(self.judge(), (1, ["caller.o: __printf_chk prints", "streamer.o: std::cerr prints"]))

    def test_finds_the_other_parts_of_the_project(self):
        self.add("logger", "_ZN6spdlog5flushEv")
        self.assertEqual(self.judge(), (1, ["logger.o: spdlog::flush() is of another part"]))

    def test_looks_at_every_object(self):
        self.add("first", "fork")
        self.add("harmless", "abort")
        self.add("harmless", "puts")
        self.assertEqual(self.judge(), (1, ["first.o: fork starts processes", "harmless.o: abort ends the process",
                                            "harmless.o: puts prints"]))

    def test_fails_for_an_object_that_cannot_be_read(self):
        path = os.path.join(self.root, "bytecode.o")
        with open(path, "w", encoding="ascii") as file:
            file.write("not an object")
        self.put(path)
        self.assertEqual(self.judge(), (1, ["bytecode.o: nm shows no symbol of it"]))

    def test_allows_metal_on_a_mac(self):
        self.add("objc_runtime_apple.cc", "dlopen")
        self.assertEqual(self.judge(), (0, []))
        self.add("objc_runtime_apple.cc", "fork")
        self.assertEqual(self.judge()[0], 1)


if __name__ == "__main__":
    unittest.main()

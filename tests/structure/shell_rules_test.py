#!/usr/bin/env python3
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import shell_rules


class ShellRulesTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="ascii") as file:
            file.write(text)

    def judge(self, **environment):
        command = [sys.executable, "-B", shell_rules.__file__, self.root]
        return subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_finds_scripts_by_their_first_line(self):
        for name, first in {"a": "#!/bin/sh", "b": "#!/usr/bin/env bash", "c.sh": "# shellcheck shell=bash",
                            "d": "#!/usr/bin/env python3", "e.txt": "a shell"}.items():
            self.write(name, first + "\n")
        self.assertEqual(shell_rules.scripts(self.root), ["a", "b", "c.sh"])

    def test_wants_scripts_to_say_which_shell_they_are_for(self):
        self.write("a.sh", "true\n")
        self.assertEqual(shell_rules.unknown_scripts(self.root), ["a.sh"])

    @unittest.skipUnless(shutil.which("shellcheck"), "needs shellcheck")
    def test_fails_for_what_shellcheck_finds(self):
        self.write("a", "#!/bin/sh\necho \"$1\"\n")
        self.assertEqual(self.judge().returncode, 0)
        self.write("a", "#!/bin/sh\necho $1\n")
        judged = self.judge()
        self.assertEqual(judged.returncode, 1)
        self.assertIn("SC2086", judged.stdout)

    def test_is_skipped_without_shellcheck_unless_everything_is_required(self):
        self.write("a", "#!/bin/sh\n")
        self.assertEqual(self.judge(PATH="/nowhere", BITNET_REQUIRE_ALL="").returncode, 77)
        self.assertEqual(self.judge(PATH="/nowhere", BITNET_REQUIRE_ALL="1").returncode, 1)


if __name__ == "__main__":
    unittest.main()

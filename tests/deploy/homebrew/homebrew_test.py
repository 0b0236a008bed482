#!/usr/bin/env python3
"""deploy/homebrew, as far as it can be judged without Homebrew. Without ruby and rubocop these parts are skipped, unless BITNET_REQUIRE_ALL=1."""
import os
import re
import shutil
import subprocess
import unittest

FOLDER = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../deploy"))
FORMULA = FOLDER + "/homebrew/bitnet.rb"
LAUNCHD_KILLS_AFTER = 20  # Seconds, launchd.plist(5), ExitTimeOut.
WORKERS_LEAVE = 2  # As in launchd_test.py.


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class FormulaTest(unittest.TestCase):
    def ask(self, *command):
        if not shutil.which(command[0]):
            self.assertNotEqual(os.environ.get("BITNET_REQUIRE_ALL"), "1", command[0] + " is missing")
            self.skipTest(command[0] + " is missing")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_is_ruby(self):
        self.ask("ruby", "-c", FORMULA)

    def test_reads_as_ruby_should(self):
        self.ask("rubocop", "--cache", "false", "--config", FOLDER + "/homebrew/.rubocop.yml", FORMULA)

    def test_depends_on_what_the_brewfile_builds_with(self):
        build = read(FOLDER + "/packages/Brewfile").split("# The tests.")[0]
        self.assertEqual(sorted(re.findall(r'^  depends_on "([^"]+)"', read(FORMULA), re.M)),
                         sorted(re.findall(r'^brew "([^"]+)"', build, re.M)))

    def test_has_drained_before_launchd_kills(self):
        drain = int(re.search(r"--drain-seconds (\d+)", read(FORMULA))[1])
        self.assertLess(drain + WORKERS_LEAVE, LAUNCHD_KILLS_AFTER)


if __name__ == "__main__":
    unittest.main()

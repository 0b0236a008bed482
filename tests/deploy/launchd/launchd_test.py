#!/usr/bin/env python3
"""deploy/launchd, as far as it can be judged without a Mac.

BITNET_FRONT names a bitnet-front, for its own word on the flags that the plists give it.
"""
import glob
import gzip
import os
import plistlib
import re
import shlex
import subprocess
import tempfile
import unittest

import keys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../deploy")
WORKERS_LEAVE = 2  # Seconds between SIGTERM and SIGKILL of a worker (service/README.md, Stopping).
FRONT = os.environ.get("BITNET_FRONT", "")


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def plist(name):
    with open(os.path.join(FOLDER, "launchd", name), "rb") as file:
        return plistlib.load(file)


FRONTS = ("org.bitnet.front.plist", "org.bitnet.front.agent.plist")
ALL = sorted(os.path.basename(path) for path in glob.glob(FOLDER + "/launchd/*.plist"))


def front_words(name):
    """The server's command line as its shell would make it, without settings of an operator."""
    program, option, script = plist(name)["ProgramArguments"]
    assert (program, option) == ("/bin/sh", "-c")
    command = script.split("; exec ")[1]
    return shlex.split(command.replace("${BITNET_FLAGS}", ""))


class KeysTest(unittest.TestCase):
    def test_finds_what_is_wrong(self):
        self.assertEqual(keys.faults({"Label": "x", "KeepAlive": 1, "ExitTimeout": 3, "ProgramArguments": ["a", 2],
                                      "SoftResourceLimits": {"Files": 1}}, keys.KEYS),
                         ["ExitTimeout: there is no such key", "KeepAlive/: 1 is no bool", "ProgramArguments/1/: 2 is no str",
                          "SoftResourceLimits/Files: there is no such key"])


class PlistTest(unittest.TestCase):
    def test_all_have_known_keys_of_the_right_types(self):
        self.assertEqual(len(ALL), 3)
        for name in ALL:
            self.assertEqual(keys.faults(plist(name), keys.KEYS), [], name)
            self.assertEqual(plist(name)["Label"] + ".plist", name)
            self.assertIn(plist(name)["ProcessType"], keys.PROCESS_TYPES)
            self.assertGreater(len(plist(name)["ProgramArguments"]), 0)

    def test_all_but_the_agent_run_as_the_account_that_is_made(self):
        account = re.search(r"-create /Users/(\S+) UniqueID", read("launchd/make-account"))[1]
        for name in ALL:
            if "agent" in name:
                self.assertEqual([key for key in keys.DAEMONS_ONLY if key in plist(name)], [])
            else:
                self.assertEqual((plist(name)["UserName"], plist(name)["GroupName"]), (account, account))

    def test_fronts_are_neither_slowed_down_nor_given_up(self):
        for name in FRONTS:
            settings = plist(name)
            self.assertEqual(settings["ProcessType"], "Interactive")
            self.assertIs(settings["KeepAlive"], True)
            self.assertGreaterEqual(settings["ThrottleInterval"], 10, "launchd's own, so that a front that cannot start is no storm")
            self.assertGreaterEqual(settings["SoftResourceLimits"]["NumberOfFiles"], 65536)
            self.assertGreaterEqual(settings.get("HardResourceLimits", settings["SoftResourceLimits"])["NumberOfFiles"],
                                    settings["SoftResourceLimits"]["NumberOfFiles"])

    def test_fronts_are_not_killed_while_they_drain(self):
        for name in FRONTS:
            words = front_words(name)
            drain = int(words[words.index("--drain-seconds") + 1])
            self.assertGreater(plist(name)["ExitTimeOut"], drain + WORKERS_LEAVE, name)

    def test_fronts_start_from_the_link_that_install_changes(self):
        prefix = re.search(r"^prefix=(\S+)$", read("install"), re.M)[1]
        for name in FRONTS:
            words = front_words(name)
            self.assertEqual(words[0], prefix + "/current/bin/bitnet-front")
            self.assertEqual(words[words.index("--worker-binary") + 1], prefix + "/current/bin/bitnet-worker")

    def test_the_log_that_is_kept_short_is_the_fronts(self):
        front, logs = plist("org.bitnet.front.plist"), plist("org.bitnet.logs.plist")
        self.assertEqual(logs["ProgramArguments"][1:], [front["StandardErrorPath"]])
        self.assertEqual(front["StandardOutPath"], front["StandardErrorPath"])
        service = read("launchd/service.sh")
        self.assertIn(os.path.dirname(front["StandardErrorPath"]), service)
        self.assertIn('"$prefix/%s"' % os.path.basename(logs["ProgramArguments"][0]), service)
        self.assertEqual(re.search(r"^label=(\S+)$", service, re.M)[1], front["Label"])

    def test_the_front_takes_these_flags_and_those_of_the_settings(self):
        if not FRONT:
            self.skipTest("no bitnet-front is given")
        with tempfile.TemporaryDirectory() as folder:
            settings = os.path.join(folder, "front.conf")
            with open(settings, "w", encoding="ascii") as file:
                file.write("BITNET_FLAGS='--listen 127.0.0.1:0 --nonsense'\n")
            script = plist(FRONTS[0])["ProgramArguments"][2]
            self.assertEqual(script.count("/etc/bitnet-front.conf"), 2)
            script = script.replace("/etc/bitnet-front.conf", settings).replace("/opt/bitnet/current/bin/bitnet-front", FRONT)
            done = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (64, "The following argument was not expected: --nonsense"))


class RotateLogsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.log = os.path.join(scratch.name, "front.log")

    def rotate(self, limit):
        subprocess.run([os.path.join(FOLDER, "launchd/rotate-logs"), self.log, str(limit), "2"], check=True)

    def kept(self):
        texts = []
        for copy in sorted(glob.glob(self.log + ".*")):
            with gzip.open(copy, "rt") as file:
                texts.append(file.read())
        return texts

    def test_moves_text_on_while_the_server_writes(self):
        with open(self.log, "a", encoding="ascii") as log:  # As launchd opens it, once for all.
            for text in ("first", "second", "third"):
                print(text, file=log, flush=True)
                self.rotate(3)
            print("fourth", file=log, flush=True)
        with open(self.log, encoding="ascii") as log:
            self.assertEqual(log.read(), "fourth\n")
        self.assertEqual(self.kept(), ["third\n", "second\n"])

    def test_leaves_a_short_or_missing_log_alone(self):
        self.rotate(3)
        with open(self.log, "w", encoding="ascii") as log:
            log.write("abc")
        self.rotate(3)
        self.assertEqual(self.kept(), [])


if __name__ == "__main__":
    unittest.main()

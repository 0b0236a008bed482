#!/usr/bin/env python3
"""deploy/install on Linux: versions side by side, changes with an answer held open, and what it refuses.

To be run in a machine of tests/deploy/machine. BITNET_TREE is what `cmake --install --prefix` made.
"""
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../machine"))
import server  # noqa: E402
import service  # noqa: E402

TREE = os.environ["BITNET_TREE"]
INSTALL = os.path.normpath(os.path.join(HERE, "../../../deploy/install"))
PREFIX = "/opt/bitnet"
OTHER_TREE = "/tmp/other-front"  # With a front of other bytes.
NUM_WORKERS = 2


def install(*arguments):
    return service.run(INSTALL, *arguments)


def refusal(*arguments):
    done = subprocess.run((INSTALL,) + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        raise AssertionError("install did not refuse: " + " ".join(arguments))
    return done.stdout


def version_of(pid):
    return os.path.relpath(os.readlink("/proc/%d/exe" % pid), PREFIX).split("/")[0]


def versions():
    """Of the front and of its workers."""
    front = service.main_pid()
    return version_of(front), sorted(version_of(worker) for worker in service.children(front))


class InstallTest(unittest.TestCase):
    """One story; a later test goes on where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        shutil.copytree(TREE, OTHER_TREE)
        with open(OTHER_TREE + "/bin/bitnet-front", "ab") as file:
            file.write(b"\0")
        with open("/etc/default/bitnet-front", "w", encoding="ascii") as file:
            file.write('BITNET_FLAGS="%s"\n' % (server.SLOW_FLAGS % (server.HTTP, NUM_WORKERS)))
        install("--version", "1", "install", TREE)
        server.await_ready()
        cls.whole = server.Stream().text()

    def change(self, *arguments):
        """Changes the version under an answer, which must stay whole."""
        stream = server.Stream()
        with subprocess.Popen((INSTALL,) + arguments) as change:
            self.assertEqual(stream.text(), self.whole)
            self.assertEqual(change.wait(server.PATIENCE), 0)

    def test_1_runs_as_its_user_from_the_current_version(self):
        self.assertEqual(versions(), ("1", ["1"] * NUM_WORKERS))
        self.assertNotEqual(service.owner(service.main_pid()), 0)
        self.assertEqual(os.readlink(PREFIX + "/current"), "1")
        self.assertNotIn("not in force", service.log(), "workers are confined")

    def test_2_changes_workers_alone_if_the_front_is_the_same(self):
        front = service.main_pid()
        self.change("--version", "2", "upgrade", TREE)
        self.assertEqual(versions(), ("1", ["2"] * NUM_WORKERS))
        self.assertEqual(service.main_pid(), front)

    def test_3_goes_back_at_once_while_it_is_under_way(self):
        front = service.main_pid()
        with subprocess.Popen((INSTALL, "--version", "3", "upgrade", TREE)) as upgrade:
            server.until(lambda: os.readlink(PREFIX + "/current") == "3", "the link is changed")
            upgrade.terminate()
        self.change("rollback")
        self.assertEqual(versions(), ("1", ["2"] * NUM_WORKERS))
        self.assertEqual(service.main_pid(), front)

    def test_4_drains_if_the_front_is_another(self):
        front = service.main_pid()
        self.change("--version", "4", "upgrade", OTHER_TREE)
        self.assertEqual(versions(), ("4", ["4"] * NUM_WORKERS))
        self.assertNotEqual(service.main_pid(), front)

    def test_5_goes_back(self):
        self.change("rollback")
        self.assertEqual(versions(), ("2", ["2"] * NUM_WORKERS))
        self.assertEqual(os.readlink(PREFIX + "/previous"), "4")
        server.await_ready()
        self.assertEqual(server.Stream().text(), self.whole)

    def test_6_says_what_is_there_and_what_it_will_not_do(self):
        self.assertEqual(install("status"), "1\n2 (current)\n3\n4 (previous)\n")
        self.assertIn("upgrade it", refusal("install", TREE))
        self.assertIn("is there already", refusal("--version", "2", "upgrade", TREE))
        self.assertIn("no bin/bitnet-front", refusal("upgrade", HERE))
        self.assertIn("cannot be the name", refusal("--version", "../x", "upgrade", TREE))
        self.assertIn("in use", refusal("remove", "4"))
        self.assertIn("no version 9", refusal("remove", "9"))
        self.assertIn("no version 9", refusal("use", "9"))
        self.assertIn("the current version already", refusal("use", "2"))
        install("remove", "3")
        self.assertEqual(install("status"), "1\n2 (current)\n4 (previous)\n")
        self.assertEqual([name for name in os.listdir(PREFIX) if name.startswith(".")], [], "nothing half done is left")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)

#!/usr/bin/env python3
"""Installs, upgrades, downgrades and removes the Debian packages, with an answer held open through each change.

To be run in a machine of tests/deploy/machine, where systemd is real and everything is thrown away afterwards.
BITNET_PACKAGES is a directory with two versions of the packages; build_packages.sh makes it.
"""
import glob
import os
import pwd
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../machine"))
import emulation  # noqa: E402
import server  # noqa: E402
import service  # noqa: E402

PACKAGES = os.environ["BITNET_PACKAGES"]
PROGRAM = "/usr/bin/bitnet-front"
SETTINGS = "/etc/default/bitnet-front"
OLD, NEW = "0.0.1", "0.0.2"


def package(name, version):
    [path] = glob.glob("%s/%s_%s_*.deb" % (PACKAGES, name, version))
    return path


def dpkg(*arguments):
    return service.run("dpkg", *emulation.DPKG_FLAGS, *arguments)


def installed_version():
    return service.run("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Version}", "bitnet")


def runs_what_is_installed():
    return os.path.samefile(PROGRAM, emulation.program_of(service.main_pid()))


class PackageTest(unittest.TestCase):
    """One story; a later test goes on where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        emulation.prepare()
        dpkg("--install", package("bitnet-model-lighthouse", OLD), package("bitnet", OLD))
        cls.fresh = (service.active(), service.says("is-enabled"))
        server.await_ready()
        with open(SETTINGS, "w", encoding="ascii") as file:
            file.write('BITNET_FLAGS="%s"\n' % (server.SLOW_FLAGS % (server.HTTP, 1)))
        service.systemctl("restart")
        server.await_ready()
        cls.whole = server.Stream().text()

    def change_to(self, version):
        """Installs `version` under an answer, which must stay whole."""
        before = service.main_pid()
        file = os.stat(PROGRAM).st_ino
        stream = server.Stream()
        with subprocess.Popen(["dpkg", *emulation.DPKG_FLAGS, "--install", package("bitnet", version)], stdin=subprocess.DEVNULL) as change:
            server.until(lambda: os.stat(PROGRAM).st_ino != file, "the program is replaced")
            self.assertTrue(stream.open(), "the answer ended too early to say anything")
            had = len(stream.pieces)
            self.assertEqual(stream.text(), self.whole)
            self.assertGreater(len(stream.pieces), had)
            self.assertEqual(change.wait(server.PATIENCE), 0)
        self.assertEqual(installed_version(), "ii " + version)
        self.assertNotEqual(service.main_pid(), before)
        self.assertTrue(runs_what_is_installed())
        server.await_ready()
        self.assertEqual(server.Stream().text(), self.whole)

    def test_1_starts_the_service_as_its_user(self):
        self.assertEqual(self.fresh, (True, "enabled"))
        user = pwd.getpwnam("bitnet")
        self.assertEqual(service.owner(service.main_pid()), user.pw_uid)
        self.assertEqual(user.pw_dir, "/var/lib/bitnet")

    @unittest.skipIf(emulation.EMULATOR, "an emulator cannot be confined")
    def test_1_lets_workers_confine_themselves(self):
        [worker] = service.children(service.main_pid())
        self.assertGreater(service.seccomp_filters(worker), service.seccomp_filters(service.main_pid()))
        self.assertNotIn("not in force", service.log())

    def test_2_upgrades_under_an_answer(self):
        self.change_to(NEW)

    def test_3_goes_back_under_an_answer(self):
        self.change_to(OLD)
        with open(SETTINGS, encoding="ascii") as file:
            self.assertIn("--isa portable", file.read(), "the operator's settings are kept")

    def test_4_leaves_a_stopped_service_stopped(self):
        service.systemctl("stop")
        dpkg("--install", package("bitnet", NEW))
        self.assertFalse(service.active())
        service.systemctl("start")
        server.await_ready()

    def test_5_drains_when_it_is_removed(self):
        stream = server.Stream()
        dpkg("--remove", "bitnet")
        self.assertEqual(stream.text(), self.whole)
        self.assertFalse(service.active())
        self.assertFalse(os.path.exists(PROGRAM))
        self.assertTrue(os.path.exists(SETTINGS))

    def test_6_leaves_nothing_but_the_user(self):
        dpkg("--purge", "bitnet", "bitnet-model-lighthouse")
        for left in (SETTINGS, "/var/lib/bitnet", "/usr/share/bitnet", "/usr/share/doc/bitnet"):
            self.assertFalse(os.path.exists(left), left)
        pwd.getpwnam("bitnet")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)

#!/usr/bin/env python3
"""deploy/ansible: what it makes of a rack, and a whole run on one machine that is server, balancer and monitor at once.

To be run in a machine of tests/deploy/machine. BITNET_ARCHIVE is what `cpack -G TGZ` made.
"""
import json
import os
import re
import shutil
import sys
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../machine"))
import server  # noqa: E402
import service  # noqa: E402

ARCHIVE = os.environ["BITNET_ARCHIVE"]
PLAYBOOK = os.path.normpath(os.path.join(HERE, "../../../deploy/ansible/site.yml"))
ADDRESS = "127.0.0.11"  # Not HAProxy's, which has the same port.
TOKENS = "/tmp/tokens.txt"
TARGETS = "/etc/prometheus/bitnet/fronts.json"


def play(inventory, *arguments, **variables):
    """The last lines of a run that must succeed: {host: {"ok": 5, "changed": 0, ...}}."""
    path = "/tmp/inventory.json"
    with open(path, "w", encoding="ascii") as file:
        json.dump({"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False,
                                    "bitnet_archive": ARCHIVE, "bitnet_tokens": TOKENS, **variables}, "children": inventory}}, file)
    output = service.run("ansible-playbook", "--inventory", path, PLAYBOOK, *arguments)
    return {host: dict(re.findall(r"(\w+)=(\d+)", counts))
            for host, counts in re.findall(r"^(\S+) +: (ok=.*)$", output, re.M)}


def hosts(**names):
    return {"hosts": {name: settings or None for name, settings in names.items()}}


RACK = {"fronts": hosts(mini1={"bitnet_address": "10.0.0.11"}, mini2={"bitnet_address": "10.0.0.12"},
                        mini3={"bitnet_address": "10.0.0.13", "bitnet_weight": 50}),
        "balancers": hosts(balancer1={}), "monitoring": hosts(monitor1={})}
ONE = {"fronts": hosts(mini1={"bitnet_address": ADDRESS}), "balancers": hosts(balancer1={}), "monitoring": hosts(monitor1={})}


class RackTest(unittest.TestCase):
    def test_gives_every_server_to_haproxy_and_prometheus(self):
        configuration = "/tmp/haproxy.cfg"
        files = {"balancer_config": configuration, "balancer_service": False, "targets_file": "/tmp/targets/fronts.json"}
        limit = ("--limit", "balancers,monitoring")
        tried = play(RACK, *limit, "--check", **files)
        self.assertFalse(os.path.exists(configuration), "--check writes nothing")
        done = play(RACK, *limit, **files)
        self.assertEqual([host["changed"] for host in tried.values()], [host["changed"] for host in done.values()])
        self.assertEqual([host["changed"] for host in play(RACK, *limit, **files).values()], ["0", "0"])

        service.run("haproxy", "-c", "-f", configuration)
        with open(configuration, encoding="utf-8") as file:
            written = file.read()
        self.assertEqual(re.findall(r"^  server .*", written, re.M),
                         ["  server mini1 10.0.0.11:50051 check-proto h1", "  server mini2 10.0.0.12:50051 check-proto h1",
                          "  server mini3 10.0.0.13:50051 check-proto h1 weight 50"])
        # But for the servers it is the configuration that tests/integration/haproxy.test.js runs.
        with open(os.path.join(HERE, "../../../deploy/haproxy/haproxy.cfg"), encoding="utf-8") as file:
            model = file.read()
        self.assertEqual([line for line in written.splitlines()[1:] if not line.startswith("  server ")],
                         [line for line in model.splitlines() if not line.startswith("  server ")])
        with open("/tmp/targets/fronts.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file), [{"targets": ["10.0.0.%d:8080" % (10 + i)], "labels": {"machine": "mini%d" % i}} for i in (1, 2, 3)])
        self.judge_by_promtool("/tmp/targets/fronts.json")

    def judge_by_promtool(self, targets):
        # Where tests/run unpacks it, if it is not installed.
        program = shutil.which("promtool", path=os.environ["PATH"] + ":" + os.path.join(HERE, "../../../build/promtool/usr/bin"))
        if not program:
            self.assertNotEqual(os.environ.get("BITNET_REQUIRE_ALL"), "1", "promtool is missing")
            return
        with open("/tmp/prometheus.yml", "w", encoding="ascii") as file:
            file.write("scrape_configs: [{job_name: bitnet, file_sd_configs: [{files: [%s]}]}]\n" % targets)
        service.run(program, "check", "config", "/tmp/prometheus.yml")


class OneMachineTest(unittest.TestCase):
    """One story; a later test goes on where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        server.HTTP = ADDRESS + ":8080"
        front = "/tmp/unpacked/bin/bitnet-front"
        os.makedirs("/tmp/unpacked")
        service.run("tar", "-x", "-z", "-f", ARCHIVE, "-C", "/tmp/unpacked", "--strip-components", "1")
        cls.token, line = service.run(front, "--new-token", "test").split("\n")[:2]
        with open(TOKENS, "w", encoding="ascii") as file:
            file.write(line + "\n")
        server.HEADERS["Authorization"] = "Bearer " + cls.token
        os.makedirs("/run/haproxy", exist_ok=True)

    def play(self, version, *arguments):
        done = play(ONE, *arguments, bitnet_version=version, balancer_bind="127.0.0.1:50051", front_flags="--open-metrics --threads 1 --isa portable")
        return [done[host]["changed"] for host in ("mini1", "balancer1", "monitor1")]

    def test_1_installs_all(self):
        self.assertNotIn("0", self.play("1"))
        self.assertTrue(server.ready())
        self.assertEqual(os.readlink("/opt/bitnet/current"), "1")
        type(self).whole = server.Stream().text()

    def test_2_changes_nothing_the_second_time(self):
        before = service.main_pid()
        self.assertEqual(self.play("1"), ["0", "0", "0"])
        self.assertEqual(service.main_pid(), before)

    def test_3_is_up_for_the_balancer(self):
        server.until(lambda: ",UP," in self.haproxy_line(), "HAProxy takes the server for up")

    def haproxy_line(self):
        with urllib.request.urlopen("http://127.0.0.1:8404/;csv", timeout=server.PATIENCE) as response:
            return next((line for line in response.read().decode().splitlines() if line.startswith("fronts,mini1,")), "")

    def test_4_upgrades_under_an_answer(self):
        stream = server.Stream()
        self.assertEqual(self.play("2"), ["2", "0", "0"], "the archive and the version")
        self.assertEqual(stream.text(), self.whole)
        self.assertEqual(os.readlink("/opt/bitnet/current"), "2")

    def test_5_goes_back_to_a_version_that_is_there(self):
        stream = server.Stream()
        self.assertEqual(self.play("1"), ["1", "0", "0"])
        self.assertEqual(stream.text(), self.whole)
        self.assertEqual(os.readlink("/opt/bitnet/current"), "1")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)

"""What tests of installations ask of systemd about bitnet-front.service."""
import os
import subprocess

UNIT = "bitnet-front.service"


def run(*command):
    """The output of a command that must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode:
        raise AssertionError("%s: exit code %d\n%s" % (" ".join(command), done.returncode, done.stdout))
    return done.stdout


def systemctl(*arguments):
    return run("systemctl", *arguments, UNIT)


def show(setting):
    return systemctl("show", "--value", "--property", setting).strip()


def says(*arguments):
    """The word with which systemctl answers, whatever its exit code."""
    return subprocess.run(("systemctl",) + arguments + (UNIT,), stdout=subprocess.PIPE, text=True, check=False).stdout.strip()


def active():
    return says("is-active") == "active"


def main_pid():
    return int(show("MainPID"))


def owner(pid):
    return os.stat("/proc/%d" % pid).st_uid


def children(pid):
    return [int(child) for child in run("pgrep", "--parent", str(pid)).split()]


def seccomp_filters(pid):
    """How many filters of system calls are on a process."""
    with open("/proc/%d/status" % pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Seccomp_filters:"))


def log():
    return run("journalctl", "--no-pager", "--unit", UNIT)

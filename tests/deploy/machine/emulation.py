"""Programs of another processor: systemd starts them through an emulator, which BITNET_EMULATOR names with its flags.

The kernel would do so by itself where binfmt_misc knows the emulator; that is a setting of the whole machine, which a test leaves alone.
"""
import os

EMULATOR = os.environ.get("BITNET_EMULATOR", "")
WORKER = "/usr/local/libexec/emulated-worker"
DPKG_FLAGS = ["--force-architecture", "--force-depends"] if EMULATOR else []
FRONT_FLAGS = "--worker-binary " + WORKER if EMULATOR else ""

# An emulator makes code as it goes and makes system calls of its own.
_UNIT = """[Service]
ExecStart=
ExecStart=%s /usr/bin/bitnet-front --run-dir /run/bitnet-front --drain-seconds 600 --worker-binary %s $BITNET_FLAGS
TimeoutStopSec=700
MemoryDenyWriteExecute=no
SystemCallFilter=
"""


def prepare():
    """Has bitnet-front.service and its workers run by the emulator, if there is one."""
    if not EMULATOR:
        return
    os.makedirs(os.path.dirname(WORKER), exist_ok=True)
    with open(WORKER, "w", encoding="ascii") as file:
        file.write('#!/bin/sh\nexec %s /usr/bin/bitnet-worker "$@" --no-sandbox\n' % EMULATOR)
    os.chmod(WORKER, 0o755)
    folder = "/etc/systemd/system/bitnet-front.service.d"
    os.makedirs(folder)
    with open(folder + "/emulator.conf", "w", encoding="ascii") as file:
        file.write(_UNIT % (EMULATOR, WORKER))


def program_of(pid):
    """The file of the program that a process runs, whether or not an emulator runs it."""
    if not EMULATOR:
        return "/proc/%d/exe" % pid
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        [path] = {line.split(None, 5)[5].strip() for line in file if "bitnet-front" in line}
    return path

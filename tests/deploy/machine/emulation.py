"""Programs of another processor: systemd starts them through an emulator, which BITNET_EMULATOR names with its flags.

The kernel would do so by itself where binfmt_misc knows the emulator; that is a setting of the whole machine, which a test leaves alone.
"""
import os
import subprocess

EMULATOR = os.environ.get("BITNET_EMULATOR", "").split()
DPKG_FLAGS = ["--force-architecture", "--force-depends"] if EMULATOR else []
_SYSROOT = "/usr/local/sysroot"
_WORKER = "/usr/local/libexec/emulated-worker"

# What an emulator cannot live with: it makes code as it goes, and system calls of its own. It is slow, hence the times.
_UNIT = """[Service]
ExecStart=
ExecStart=%s /usr/bin/bitnet-front --run-dir /run/bitnet-front --drain-seconds 600 --stall-seconds 120 --worker-binary %s $BITNET_FLAGS
TimeoutStopSec=700
MemoryDenyWriteExecute=no
LockPersonality=no
SystemCallFilter=
"""


def prepare():
    """Has bitnet-front.service and its workers run by the emulator, if there is one."""
    if not EMULATOR:
        return
    # The service sees neither /home nor /tmp, where the tree may be.
    flags = list(EMULATOR)
    at = flags.index("-L") + 1
    os.makedirs(_SYSROOT)
    subprocess.run(["mount", "--bind", flags[at], _SYSROOT], check=True)
    flags[at] = _SYSROOT
    emulator = " ".join(flags)
    os.makedirs(os.path.dirname(_WORKER), exist_ok=True)
    with open(_WORKER, "w", encoding="ascii") as file:
        file.write('#!/bin/sh\nexec %s /usr/bin/bitnet-worker "$@" --no-sandbox\n' % emulator)
    os.chmod(_WORKER, 0o755)
    folder = "/etc/systemd/system/bitnet-front.service.d"
    os.makedirs(folder)
    with open(folder + "/emulator.conf", "w", encoding="ascii") as file:
        file.write(_UNIT % ("/usr/bin/" + emulator, _WORKER))


def program_of(pid):
    """The file of the program that a process runs, whether or not an emulator runs it."""
    if not EMULATOR:
        return "/proc/%d/exe" % pid
    with open("/proc/%d/maps" % pid, encoding="utf-8") as file:
        [path] = {line.split(None, 5)[5].strip() for line in file if "bitnet-front" in line}
    return path

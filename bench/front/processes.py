"""A front with a worker behind it, a paced worker alone, and what the system tells of them."""
import collections
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import typing
import urllib.request

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PATIENCE = 60  # Seconds until something that must happen is taken for lost.


def until(check, what):
    """Asks until `check` holds: a process has no event for what it has in its counters."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            raise RuntimeError("waited in vain: " + what)
        time.sleep(0.05)


def cpu_seconds(pid):
    """That a process has used so far, in user and kernel mode."""
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def resident_bytes(pid):
    for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS of process %d" % pid)


def thread_names(pid):
    """How many threads of a process have which name."""
    return dict(collections.Counter(file.read_text().strip() for file in pathlib.Path("/proc/%d/task" % pid).glob("*/comm")))


class Front:
    """bitnet-front, ready, with one worker: paced_worker, whose model is a pace, or another program."""

    def __init__(self, programs, model, *flags, worker="paced_worker"):
        self._folder = tempfile.TemporaryDirectory(prefix="bitnet-bench-")
        ports = pathlib.Path(self._folder.name, "ports.json")
        self.process = subprocess.Popen(
            [programs / "bitnet-front", "--worker-binary", programs / worker, "--model", "measured=" + model,  # It may have a "=".
             "--workers", "1", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--port-file", ports, "--log-level", "warning", *flags])
        try:
            until(ports.exists, "the front's addresses")
            addresses = json.loads(ports.read_text())
            self.address, self.http_address = addresses["grpc"], addresses["http"]
            until(lambda: self.metric("bitnet_worker_up") == 1, "a worker that is ready")
        except RuntimeError:
            self.__exit__()
            raise

    @property
    def pid(self):
        return self.process.pid

    def metrics_page(self):
        with urllib.request.urlopen("http://%s/metrics" % self.http_address) as page:
            return page.read().decode()

    def metric(self, name, labels=""):
        """The sum of a metric's series whose labels contain `labels`."""
        lines = self.metrics_page().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines
                   if line.startswith(name + " ") or line.startswith(name + "{") and labels in line)

    def drain(self):
        """Has it stop, and gives the seconds that took: 30, should it believe that a request still runs."""
        begin = time.monotonic()
        self.process.terminate()
        self.process.wait()
        return time.monotonic() - begin

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.terminate()  # What runs does not matter any more.
        self.process.wait()
        self._folder.cleanup()


class Worker:
    """paced_worker alone, at a Unix socket."""

    def __init__(self, programs, pace):
        self._folder = tempfile.TemporaryDirectory(prefix="bitnet-bench-")
        self.address = "unix:%s/w.sock" % self._folder.name
        self._process = subprocess.Popen(
            [programs / "paced_worker", "--model", pace, "--socket", self.address.removeprefix("unix:"), "--ready-fd", "1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if line != "READY\n":
            raise RuntimeError("paced_worker said '%s'" % line.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


class Scrape(typing.NamedTuple):
    seconds: float
    size: int  # Bytes of the page.


class Scraper:
    """Asks a front for its metrics every `interval` seconds, on a thread; never, if that is None. `scrapes` is what that took."""

    def __init__(self, front, interval):
        self.scrapes = []
        self._front, self._interval = front, interval
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._scrape)

    def _scrape(self):
        while self._interval is not None and not self._end.wait(self._interval):
            begin = time.monotonic()
            page = self._front.metrics_page()
            self.scrapes.append(Scrape(time.monotonic() - begin, len(page)))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

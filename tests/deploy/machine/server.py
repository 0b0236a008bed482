"""What tests of installations ask of a server: its readiness, and answers that are held open while something happens to it."""
import contextlib
import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.request

HTTP = "127.0.0.1:8080"
HEADERS = {"Content-Type": "application/json"}
PATIENCE = 60 * float(os.environ.get("BITNET_PATIENCE", "1"))  # Seconds that only a failing test waits; emulators need more.
# Every machine can be this slow: an answer takes seconds, in which an installation can happen.
SLOW_FLAGS = "--listen 127.0.0.1:50051 --http %s --workers %d --threads 1 --isa portable --speculate off"
TOKENS = int(os.environ.get("BITNET_TOKENS", "480"))  # With its prompt as many as the embedded model's context holds.


def until(check, what):
    """Asks until `check` holds; there is no event to wait for."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            raise AssertionError("waited in vain: " + what)
        time.sleep(0.02)


def ready():
    try:
        with urllib.request.urlopen("http://%s/readyz" % HTTP, timeout=PATIENCE) as response:
            return response.status == 200
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
        return False


def await_ready():
    until(ready, "the server is ready")


class Stream(threading.Thread):
    """A long answer, read as it comes. Made when its first text is here."""

    def __init__(self):
        super().__init__(daemon=True)
        self.pieces = []
        self.finish_reason = None
        self.error = None
        self._begun = threading.Event()
        self.start()
        if not self._begun.wait(PATIENCE):
            raise AssertionError("no text came")

    def run(self):
        request = {"prompt": "Once upon a time", "max_tokens": TOKENS, "ignore_eos": True, "temperature": 0, "stream": True}
        try:
            with contextlib.closing(http.client.HTTPConnection(HTTP, timeout=PATIENCE)) as connection:
                connection.request("POST", "/v1/completions", json.dumps(request), HEADERS)
                with connection.getresponse() as response:
                    for line in response:
                        self._take(line.decode().strip())
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            self.error = error
        self._begun.set()

    def _take(self, line):
        if not line.startswith("data: {"):
            return
        choice = json.loads(line[len("data: "):])["choices"][0]
        if choice["text"]:
            self.pieces.append(choice["text"])
            self._begun.set()
        self.finish_reason = choice["finish_reason"] or self.finish_reason

    def open(self):
        return self.is_alive()

    def text(self):
        """The whole answer, once it is complete."""
        self.join(PATIENCE)
        if self.error or self.is_alive() or self.finish_reason != "length":
            raise AssertionError("the answer broke off after %d pieces: %s" % (len(self.pieces), self.error or self.finish_reason))
        return "".join(self.pieces)

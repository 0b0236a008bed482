#!/usr/bin/env python3
"""Measures llama.cpp's llama-server as `bitnet-bench serve` measures bitnet-front: callers who wait for streamed answers.

Usage: serve_llama.py LLAMA-SERVER MODEL THREADS

One slot for each caller, which the server batches; prompts are random tokens, none of which it can have in a cache; greedy, on
past the end token. Prints {"tokens_per_second": ...}: of all answers, from the first call to the end of the last one.
"""
import concurrent.futures
import contextlib
import http.client
import json
import random
import socket
import subprocess
import sys
import tempfile
import time

import work

PATIENCE = 300  # Seconds until a server that does not answer is given up.


class Server:
    """llama-server, with its model loaded."""

    def __init__(self, program, model, threads):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        context = work.SEQUENCES * 256  # Tokens of all slots; each gets a multiple of 256.
        self._log = tempfile.TemporaryFile("w+", errors="replace")
        self._process = subprocess.Popen(
            [program, "--model", model, "--host", "127.0.0.1", "--port", str(self.port), "--parallel", str(work.SEQUENCES),
             "--ctx-size", str(context), "--threads", threads, "--threads-batch", threads, "--cont-batching"],
            stdout=self._log, stderr=subprocess.STDOUT)

    def await_model(self):
        end = time.monotonic() + PATIENCE
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > end:
                self._log.seek(0)
                sys.exit("llama-server is not ready; it said:\n" + "".join(self._log.readlines()[-5:]))
            time.sleep(0.1)

    def _connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE))

    def _is_healthy(self):
        try:
            with self._connect() as connection:
                connection.request("GET", "/health")
                return connection.getresponse().status == 200
        except OSError:
            return False

    def generate(self, _):
        """One call, to its end; how many tokens it got."""
        request = {
            "prompt": [random.randrange(work.VOCABULARY - 256) for _ in range(work.PROMPT)],  # The last 256 are special.
            "n_predict": work.ANSWER, "ignore_eos": True, "temperature": 0, "stream": True, "cache_prompt": False}
        with self._connect() as connection:
            connection.request("POST", "/completion", json.dumps(request), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError("llama-server answered %d: %s" % (response.status, response.read(500)))
            for line in response:
                event = json.loads(line.removeprefix(b"data: ")) if line.startswith(b"data: {") else {}
                if event.get("stop"):
                    return event["tokens_predicted"]
        raise RuntimeError("an answer of llama-server's broke off")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._log.close()


def main():
    with Server(*sys.argv[1:]) as server, concurrent.futures.ThreadPoolExecutor(work.SEQUENCES) as callers:
        server.await_model()
        server.generate(None)  # Not counted.
        begin = time.perf_counter()
        tokens = list(callers.map(server.generate, range(work.CALLS)))
        elapsed = time.perf_counter() - begin
    if set(tokens) != {work.ANSWER}:
        sys.exit("answers of %d tokens were wanted, llama-server gave %s" % (work.ANSWER, sorted(set(tokens))))
    print(json.dumps({"tokens_per_second": sum(tokens) / elapsed}))


if __name__ == "__main__":
    main()

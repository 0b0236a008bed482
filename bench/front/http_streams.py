"""Many completions at once, streamed over HTTP as server-sent events, each on a connection of its own."""
import asyncio
import json
import time

DATA = b"data: {"


class HttpStreams:
    """Streams of `tokens` tokens each, read on one thread. `gaps` has the seconds between the events of a stream, without the first."""

    def __init__(self, address, streams, tokens):
        self._host, _, self._port = address.rpartition(":")
        self._streams, self._tokens = streams, tokens
        self.gaps = []
        self.complete = 0  # That ended with [DONE].
        self._began = 0

    def run(self, when_all_stream):
        """Until all have ended. Calls `when_all_stream` once, on a thread, when each of them has had its first event."""
        asyncio.run(self._run_all(when_all_stream))
        return self

    async def _run_all(self, when_all_stream):
        all_stream = asyncio.Event()
        calls = [asyncio.create_task(self._stream(i, all_stream)) for i in range(self._streams)]
        ended = asyncio.gather(*calls)
        await asyncio.wait([ended, asyncio.create_task(all_stream.wait())], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await asyncio.to_thread(when_all_stream)
        await ended

    async def _stream(self, number, all_stream):
        reader, writer = await asyncio.open_connection(self._host, int(self._port))
        body = json.dumps({"model": "measured", "stream": True, "max_tokens": self._tokens, "prompt": [1 + number % 255] * 16}).encode()
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: front\r\nContent-Type: application/json\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        status = (await reader.readline()).decode().strip()
        if not status.endswith(" 200 OK"):
            raise RuntimeError("stream %d: %s: %s" % (number, status, (await reader.read()).decode()))
        last = None
        async for line in reader:
            if line.startswith(b"data: [DONE]"):
                self.complete += 1
            elif line.startswith(DATA):
                now = time.monotonic()
                if last is None:
                    self._began += 1
                    if self._began == self._streams:
                        all_stream.set()
                else:
                    self.gaps.append(now - last)
                last = now
        writer.close()

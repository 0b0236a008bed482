#!/usr/bin/env python3
"""The server as clients see it that others wrote: Python's grpcio, grpc-go, grpc-health-probe and ghz.

Usage: judge.py --build build/dev --stubs FOLDER [--go FOLDER]

Starts a front with a worker and the embedded model. Every client must get the same answer, be able to cancel one, and be told
what is wrong with a request; under ghz's load every stream must be answered in full and leave its slot; grpc-health-probe must see
SERVING, and NOT_SERVING while the front drains.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench/front"))

from processes import PATIENCE, Front, until  # noqa: E402

MODEL = ROOT / "models/lighthouse-1.58b-6m.gguf"
LONG = 150  # Tokens of an answer that is not over in a moment.
NO_PROMPT = "prompt is not set"


def requests_running(front):
    return front.metric("bitnet_requests_running")


def worker_pid(front):
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
        except OSError:
            continue  # It has ended in the meantime.
        if rest.rpartition(") ")[2].split()[1] == str(front.process.pid):
            return int(pid)
    raise AssertionError("the front has no worker")


class GrpcioClient:
    """grpcio, with stubs that grpcio-tools made."""

    def __init__(self, address):
        import grpc
        from bitnet.v1 import inference_pb2, inference_pb2_grpc
        self._grpc, self._pb = grpc, inference_pb2
        self._stub = inference_pb2_grpc.InferenceServiceStub(grpc.insecure_channel(address))

    def __call__(self, what, on_delta=lambda: None):
        request = self._pb.GenerateRequest(text="The lighthouse keeper", max_tokens=12, ignore_eos=True)
        if what == "cancel":
            request.max_tokens = 100000
        if what == "long":
            request.max_tokens = LONG
        if what == "bad-request":
            request.ClearField("prompt")
        call = self._stub.Generate(request, timeout=PATIENCE)
        return self._read(call, call.cancel if what == "cancel" else on_delta)

    def _read(self, call, on_delta):
        saw = {"started": False, "text": "", "ids": [], "finished": ""}
        try:
            for event in call:
                saw["started"] = saw["started"] or event.HasField("started")
                saw["text"] += event.delta.text
                saw["ids"] += [token.id for token in event.delta.tokens]
                if event.HasField("finished"):
                    saw["finished"] = self._pb.FinishReason.Name(event.finished.reason)
                if event.HasField("delta"):
                    on_delta()
        except self._grpc.RpcError:
            pass
        words = call.code().name.split("_")
        return {**saw, "code": "".join(word.capitalize() for word in words) if words != ["OK"] else "OK",
                "message": call.details()}


class GoClient:
    """clients/go, a program; its codes are named as Go names them: "InvalidArgument"."""

    def __init__(self, folder, address):
        self._command = [folder / "bin/go-client", address]

    def __call__(self, what):
        return json.loads(subprocess.run([*self._command, what], check=True, stdout=subprocess.PIPE, timeout=2 * PATIENCE).stdout)


def judge_client(name, client, front, wanted_ids):
    """Gives the answer's ids, that the next client must see too."""
    answer = client("answer")
    assert answer["code"] == "OK" and answer["started"] and len(answer["ids"]) == 12 and answer["text"], answer
    assert answer["finished"] == "FINISH_REASON_LENGTH", answer
    assert wanted_ids is None or answer["ids"] == wanted_ids, (answer["ids"], wanted_ids)
    cancelled = client("cancel")
    assert cancelled["code"] in ("Cancelled", "Canceled") and cancelled["ids"] and not cancelled["finished"], cancelled
    until(lambda: requests_running(front) == 0, "the cancelled request's slot")
    refused = client("bad-request")
    assert refused["code"] == "InvalidArgument" and NO_PROMPT in refused["message"] and not refused["started"], refused
    print("%s: streams, cancels, is told what is wrong" % name)
    return answer["ids"]


def judge_load(ghz, front):
    """Streams from ghz, so many at a time over as few connections as it likes. It does not look into them: that no token is
    missing, the front's own count says."""
    streams, together, tokens = 200, 32, 12
    before = front.metric("bitnet_generated_tokens_total")
    request = {"text": "The lighthouse keeper", "max_tokens": tokens, "ignore_eos": True}
    done = subprocess.run(
        [ghz, "--insecure", "--import-paths", ROOT / "proto", "--proto", ROOT / "proto/bitnet/v1/inference.proto",
         "--call", "bitnet.v1.InferenceService.Generate", "--data", json.dumps(request), "--total", str(streams),
         "--concurrency", str(together), "--timeout", "%ds" % PATIENCE, "--format", "json", front.address],
        check=True, stdout=subprocess.PIPE, timeout=5 * PATIENCE)
    report = json.loads(done.stdout)
    assert report["statusCodeDistribution"] == {"OK": streams}, (
        report["statusCodeDistribution"], next(iter(report["errorDistribution"]), ""))
    generated = front.metric("bitnet_generated_tokens_total") - before
    assert generated == streams * tokens, (generated, streams * tokens)
    until(lambda: requests_running(front) == front.metric("bitnet_requests_waiting") == 0, "free slots after ghz's load")
    print("ghz: %d streams, %d at a time, all answered in full" % (streams, together))


def judge_health(probe, client, front):
    """SERVING, and NOT_SERVING while the front drains. So that this lasts, the worker is stopped in an answer, and goes on when
    the probe has looked."""
    def health():
        return subprocess.run([probe, "-addr", front.address, "-service", "bitnet.v1.InferenceService"],
                              stderr=subprocess.PIPE, text=True)
    served = health()
    assert served.returncode == 0, served.stderr
    worker, paused, answers = worker_pid(front), threading.Event(), []

    def pause():
        if not paused.is_set():
            os.kill(worker, signal.SIGSTOP)
            paused.set()
    running = threading.Thread(target=lambda: answers.append(client("long", pause)))
    running.start()
    assert paused.wait(PATIENCE), "no token came"
    try:
        front.process.send_signal(signal.SIGTERM)
        until(lambda: "NOT_SERVING" in health().stderr, "NOT_SERVING")
    finally:
        os.kill(worker, signal.SIGCONT)
    running.join()
    assert answers[0]["code"] == "OK" and len(answers[0]["ids"]) == LONG, answers[0]
    assert front.process.wait(PATIENCE) == 0
    print("grpc-health-probe: SERVING, and NOT_SERVING in a drain that broke no answer")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--stubs", required=True, help="what grpcio-tools made of the .proto files")
    parser.add_argument("--go", type=pathlib.Path, help="what install_go.sh has built")
    options = parser.parse_args()
    sys.path.insert(0, options.stubs)
    with Front(options.build / "bin", str(MODEL), "--drain-seconds", "300", worker="bitnet-worker") as front:
        grpcio = GrpcioClient(front.address)
        ids = judge_client("grpcio", grpcio, front, None)
        if options.go:
            judge_client("grpc-go", GoClient(options.go, front.address), front, ids)
            judge_load(options.go / "bin/ghz", front)
            judge_health(options.go / "bin/grpc-health-probe", grpcio, front)
        else:
            print("no Go: grpc-go, ghz and grpc-health-probe are left out")


if __name__ == "__main__":
    sys.exit(main())

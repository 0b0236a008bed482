#!/usr/bin/env python3
"""The server as Python's openai sees it: chats as a whole, streamed and in the form of a schema, embeddings, and errors.

Usage: openai_judge.py --build build/dev
"""
import argparse
import base64
import math
import pathlib
import struct
import sys

import openai
import pydantic

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench/front"))

from processes import PATIENCE, Front  # noqa: E402

MODEL = ROOT / "models/lighthouse-1.58b-6m.gguf"
QUESTION = [{"role": "user", "content": "What is a lighthouse?"}]
TEXTS = ["The lighthouse keeper lit the lamp.", "Seven"]


class Lamp(pydantic.BaseModel):
    lit: bool


def judge_chat(client, model):
    whole = client.chat.completions.create(model=model, messages=QUESTION, temperature=0)
    text = whole.choices[0].message.content
    assert text and whole.choices[0].finish_reason == "stop", whole
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens, whole.usage
    streamed, usage = "", None
    for chunk in client.chat.completions.create(model=model, messages=QUESTION, temperature=0, stream=True,
                                                stream_options={"include_usage": True}):
        if chunk.choices:
            streamed += chunk.choices[0].delta.content or ""
        usage = chunk.usage or usage
    assert streamed == text, (streamed, text)
    assert usage.completion_tokens == whole.usage.completion_tokens, usage
    print("chat: the same as a whole and streamed")


def judge_schema(client, model):
    parsed = client.chat.completions.parse(model=model, messages=QUESTION, temperature=1, seed=3, response_format=Lamp)
    assert isinstance(parsed.choices[0].message.parsed, Lamp), parsed
    print("json_schema: parsed")


def judge_embeddings(client, model):
    many = client.embeddings.create(model=model, input=TEXTS)  # In base64, which the client decodes.
    assert [one.index for one in many.data] == [0, 1] and many.usage.prompt_tokens == many.usage.total_tokens > 2, many.usage
    for text, one in zip(TEXTS, many.data):
        assert abs(math.fsum(value * value for value in one.embedding) - 1) < 1e-6
        alone = client.embeddings.create(model=model, input=text, encoding_format="float", dimensions=len(one.embedding))
        assert alone.data[0].embedding == one.embedding
    raw = client.embeddings.create(model=model, input=TEXTS[1], encoding_format="base64").data[0].embedding
    decoded = base64.b64decode(raw)
    assert list(struct.unpack("<%df" % (len(decoded) // 4), decoded)) == many.data[1].embedding
    mean = client.embeddings.create(model=model, input=TEXTS[0], extra_body={"pooling": "mean"})
    assert mean.data[0].embedding != many.data[0].embedding
    print("embeddings: the same as floats and in base64, alone and together")


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("no %s" % kind.__name__)


def judge_errors(client, model):
    unknown = refused(openai.NotFoundError, lambda: client.chat.completions.create(model="gpt-5", messages=QUESTION))
    assert unknown.code == "MODEL_NOT_SERVED", unknown
    refused(openai.NotFoundError, lambda: client.embeddings.create(model="gpt-5", input="a"))
    long = refused(openai.BadRequestError, lambda: client.embeddings.create(model=model, input=["a", "sea " * 5000]))
    assert long.param == "input[1]" and "wanted at most" in long.message, long
    print("errors: as the client has them")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    options = parser.parse_args()
    with Front(options.build / "bin", str(MODEL), worker="bitnet-worker") as front:
        client = openai.OpenAI(base_url="http://%s/v1" % front.http_address, api_key="none", max_retries=0, timeout=PATIENCE)
        model = client.models.list().data[0].id
        judge_chat(client, model)
        judge_schema(client, model)
        judge_embeddings(client, model)
        judge_errors(client, model)


if __name__ == "__main__":
    sys.exit(main())

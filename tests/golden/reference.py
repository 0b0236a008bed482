"""BitNet b1.58 in double precision: slow, obvious, and sharing no code with the engine.

Reads a GGUF file of architecture bitnet-b1.58 (the container: ggml/docs/gguf.md; the graph: microsoft/bitnet-b1.58-2B-4T)
and gives logits. Shapes: T new tokens, P tokens seen before, D hidden, H heads, G key-value heads, E head dimension.
"""
import re
import struct

import numpy as np

F32, F16, I2_S = 0, 1, 36


class Gguf:
    """Keys in `values`, tensors by name through `tensor()`."""

    SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.at = 0
        magic, version, num_tensors, num_values = self._read("4sIQQ")
        assert magic == b"GGUF" and version == 3, (magic, version)
        self.values = {}
        for _ in range(num_values):
            key = self._string()
            self.values[key] = self._value(self._read("I")[0])
        self.tensors = {}
        for _ in range(num_tensors):
            name = self._string()
            dims = self._read("%dQ" % self._read("I")[0])
            kind, offset = self._read("IQ")
            self.tensors[name] = (kind, dims, offset)
        alignment = self.values.get("general.alignment", 32)
        self.data = (self.at + alignment - 1) // alignment * alignment

    def _read(self, layout):
        layout = "<" + layout
        result = struct.unpack_from(layout, self.bytes, self.at)
        self.at += struct.calcsize(layout)
        return result

    def _string(self):
        return self._read("%ds" % self._read("Q")[0])[0].decode()

    def _value(self, kind):
        if kind == 8:
            return self._string()
        if kind == 9:
            item, count = self._read("IQ")
            if item in self.SCALARS:
                return list(self._read("%d%s" % (count, self.SCALARS[item])))
            return [self._value(item) for _ in range(count)]
        return self._read(self.SCALARS[kind])[0]

    def tensor(self, name):
        """A float64 array [rows, k] or [n]; of a ternary tensor, the pair of its codes -1, 0, 1 and its scale."""
        kind, dims, offset = self.tensors[name]
        shape, count, start = dims[::-1], int(np.prod(dims)), self.data + offset
        if kind == F32:
            return np.frombuffer(self.bytes, "<f4", count, start).astype(np.float64).reshape(shape)
        if kind == F16:
            return np.frombuffer(self.bytes, "<f2", count, start).astype(np.float64).reshape(shape)
        assert kind == I2_S, (name, kind)
        # Blocks of 128 weights in 32 bytes: byte b holds weights b, b+32, b+64, b+96, the first in the top bits.
        packed = np.frombuffer(self.bytes, np.uint8, count // 4, start).reshape(-1, 1, 32)
        codes = (packed >> np.array([6, 4, 2, 0], np.uint8).reshape(1, 4, 1)) & 3
        scale = struct.unpack_from("<f", self.bytes, start + count // 4)[0]
        return codes.reshape(shape).astype(np.float64) - 1, scale


class Model:
    def __init__(self, gguf):
        key = lambda name: gguf.values["bitnet-b1.58." + name]
        self.hidden_dim = key("embedding_length")
        self.num_layers = key("block_count")
        self.num_heads = key("attention.head_count")
        self.num_kv_heads = key("attention.head_count_kv")
        self.head_dim = self.hidden_dim // self.num_heads
        self.max_seq_len = key("context_length")
        self.eps = key("attention.layer_norm_rms_epsilon")
        self.theta = key("rope.freq_base")
        self.embedding = gguf.tensor("token_embd.weight")
        self.output_norm = gguf.tensor("output_norm.weight")
        names = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_sub_norm", "attn_output", "ffn_norm", "ffn_gate",
                 "ffn_up", "ffn_sub_norm", "ffn_down")
        self.layers = [{n: gguf.tensor("blk.%d.%s.weight" % (i, n)) for n in names} for i in range(self.num_layers)]


class Sequence:
    """One sequence being computed: its keys and values, and how it is disturbed.

    With `noise`, a random generator, every vector that the engine holds in float32 is multiplied by 1 + u, u uniform
    in +-2^-23: the rounding of a float32 computation, without its arithmetic.
    """

    def __init__(self, model, noise=None):
        self.model = model
        self.noise = noise
        shape = (0, model.num_kv_heads, model.head_dim)
        self.keys = [np.zeros(shape) for _ in model.layers]
        self.values = [np.zeros(shape) for _ in model.layers]
        self.flippable = []  # Distances from the nearest rounding boundary, in units of q: one array per quantisation.

    def forward(self, ids):
        """Logits [T, vocab] of T more tokens."""
        m = self.model
        x = m.embedding[np.asarray(ids)]                                           # [T, D]
        for i, layer in enumerate(m.layers):
            x = self._disturb(x + self._attention(i, layer, self._norm(x, layer["attn_norm"])))
            x = self._disturb(x + self._ffn(layer, self._norm(x, layer["ffn_norm"])))
        return self._norm(x, m.output_norm) @ m.embedding.T

    def _attention(self, i, layer, x):
        m, t, p = self.model, x.shape[0], self.keys[i].shape[0]
        q, k, v = self._linear(x, layer["attn_q"], layer["attn_k"], layer["attn_v"])
        positions = np.arange(p, p + t)
        q = self._rotate(q.reshape(t, m.num_heads, m.head_dim), positions)
        k = self._rotate(k.reshape(t, m.num_kv_heads, m.head_dim), positions)
        self.keys[i] = np.concatenate([self.keys[i], k])                           # [P+T, G, E]
        self.values[i] = np.concatenate([self.values[i], v.reshape(k.shape)])
        group = m.num_heads // m.num_kv_heads
        future = np.arange(p + t)[None, :] > positions[:, None]                    # [T, P+T]
        out = np.empty_like(q)
        for head in range(m.num_heads):
            keys, values = self.keys[i][:, head // group], self.values[i][:, head // group]
            scores = q[:, head] @ keys.T / np.sqrt(m.head_dim)
            scores[future] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            out[:, head] = weights @ values / weights.sum(-1, keepdims=True)
        out = self._disturb(out.reshape(t, -1))
        return self._linear(self._norm(out, layer["attn_sub_norm"]), layer["attn_output"])[0]

    def _ffn(self, layer, x):
        gate, up = self._linear(x, layer["ffn_gate"], layer["ffn_up"])
        hidden = self._disturb(np.maximum(gate, 0) ** 2 * up)
        return self._linear(self._norm(hidden, layer["ffn_sub_norm"]), layer["ffn_down"])[0]

    def _norm(self, x, weight):
        return self._disturb(x / np.sqrt((x * x).mean(-1, keepdims=True) + self.model.eps) * weight)

    def _linear(self, x, *matrices):
        """Products of one vector, quantised once, with several ternary matrices."""
        scale = 127.0 / np.maximum(np.abs(x).max(-1, keepdims=True), 1e-5)
        scaled = x * scale
        q = np.clip(np.rint(scaled), -128, 127)                                    # rint: half to even
        self.flippable.append(np.abs(np.abs(scaled - np.floor(scaled)) - 0.5))
        return [self._disturb((q @ codes.T) * w_scale / scale) for codes, w_scale in matrices]

    def _rotate(self, x, positions):
        """NeoX RoPE: element e turns with element e + E/2."""
        half = self.model.head_dim // 2
        angle = positions[:, None] * self.model.theta ** (-np.arange(half) / half)  # [T, E/2]
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        a, b = x[..., :half], x[..., half:]
        return self._disturb(np.concatenate([a * cos - b * sin, b * cos + a * sin], -1))

    def _disturb(self, x):
        return x if self.noise is None else x * (1 + self.noise.uniform(-2**-23, 2**-23, x.shape))


class Tokenizer:
    """Byte-level BPE with llama-3's pre-tokenizer, for ASCII text: there [A-Za-z] is \\p{L} and [0-9] is \\p{N}."""

    PIECES = re.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\nA-Za-z0-9]?[A-Za-z]+|[0-9]{1,3}| ?[^\sA-Za-z0-9]+[\r\n]*"
                        r"|\s*[\r\n]+|\s+(?!\S)|\s+")

    def __init__(self, gguf):
        tokens = gguf.values["tokenizer.ggml.tokens"]
        self.tokens = tokens
        self.ids = {token: i for i, token in enumerate(tokens)}
        self.ranks = {tuple(m.split(" ")): i for i, m in enumerate(gguf.values["tokenizer.ggml.merges"])}
        types = gguf.values["tokenizer.ggml.token_type"]
        self.control = [t for t, kind in zip(tokens, types) if kind == 3]
        self.bos = gguf.values["tokenizer.ggml.bos_token_id"]
        self.ends = {gguf.values["tokenizer.ggml.eos_token_id"], self.ids.get("<|eot_id|>", -1)} - {-1}

    def encode(self, text):
        """Control tokens spelled in the text become themselves; BOS goes in front."""
        assert text.isascii()
        result = [self.bos]
        for part in re.split("(%s)" % "|".join(map(re.escape, self.control)), text):
            if part in self.control:
                result.append(self.ids[part])
            else:
                for piece in self.PIECES.findall(part):
                    result += self._piece(piece)
        return result

    def _piece(self, piece):
        # In GPT-2's alphabet of bytes, the printable ones stand for themselves and the others for U+0100 + n.
        symbols = [c if "!" <= c <= "~" else chr(0x100 + ord(c)) for c in piece]
        if "".join(symbols) in self.ids:
            return [self.ids["".join(symbols)]]
        while len(symbols) > 1:
            rank, at = min((self.ranks.get(pair, 1 << 60), i) for i, pair in enumerate(zip(symbols, symbols[1:])))
            if rank == 1 << 60:
                break
            symbols[at:at + 2] = ["".join(symbols[at:at + 2])]
        return [self.ids[s] for s in symbols]

    def text(self, ids):
        return "".join("" if self.tokens[i] in self.control else self.tokens[i].replace("\u0120", " ") for i in ids)

"""Reads an exported model, GGUF or Hugging Face directory, and runs it. numpy only; shares no code with training.

Slow and obvious on purpose: it is what the exported weights mean. Shapes as in model.py.
"""
import json
import struct
from pathlib import Path

import numpy as np

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
HF_NAMES = {"attn_norm": "input_layernorm", "attn_sub_norm": "self_attn.attn_sub_norm", "ffn_norm": "post_attention_layernorm",
            "ffn_sub_norm": "mlp.ffn_sub_norm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
            "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
            "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


class GgufReader:
    """fields: key -> value; tensors: name -> f32 array, or (weights -1, 0, 1 as f32 [out, in], scale or scales
    [out])."""

    def __init__(self, path):
        self.data, self.at, self.fields, self.tensors = Path(path).read_bytes(), 4, {}, {}
        assert self.data[:4] == b"GGUF" and self.take("I") == 3
        num_tensors, num_fields = self.take("Q"), self.take("Q")
        for _ in range(num_fields):
            key = self.string()
            self.fields[key] = self.value(self.take("I"))
        infos = []
        for _ in range(num_tensors):
            name = self.string()
            dims = [self.take("Q") for _ in range(self.take("I"))]
            infos.append((name, dims[::-1], self.take("I"), self.take("Q")))
        alignment = self.fields.get("general.alignment", 32)
        start = -(-self.at // alignment) * alignment
        for name, shape, kind, offset in infos:
            self.tensors[name] = self.tensor(shape, kind, start + offset)

    def take(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        size = self.take("Q")
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            inner, count = self.take("I"), self.take("Q")
            return [self.value(inner) for _ in range(count)]
        return self.take(SCALARS[kind])

    def tensor(self, shape, kind, at):
        n = int(np.prod(shape))
        if kind in (0, 1):
            return np.frombuffer(self.data, "<f4" if kind == 0 else "<f2", n, at).astype(np.float32).reshape(shape)
        if kind == 1024:
            tiles, k = -(-shape[0] // 8), shape[1]
            packed = np.frombuffer(self.data, np.uint8, tiles * k, at).reshape(tiles, k // 64, 8, 8)
            bits = np.unpackbits(packed, axis=-1, bitorder="little")  # [tiles, k / 64, 8, 64]
            signs = bits.transpose(0, 2, 1, 3).reshape(-1, k)[:shape[0]].astype(np.float32) * 2 - 1
            return signs, np.frombuffer(self.data, "<f4", shape[0], at + tiles * k)
        assert kind == 36, kind
        packed = np.frombuffer(self.data, np.uint8, n // 4, at).reshape(-1, 1, 32)
        codes = packed >> np.array([6, 4, 2, 0], np.uint8).reshape(1, 4, 1) & 3
        scale, = struct.unpack_from("<f", self.data, at + n // 4)
        return codes.reshape(shape).astype(np.float32) - 1, np.float32(scale)


def read_hf(folder):
    """-> fields and tensors of a Hugging Face directory under their GGUF names."""
    config = json.loads((folder / "config.json").read_text())
    data = (folder / "model.safetensors").read_bytes()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])

    def raw(name):
        info = header[name]
        bits = np.frombuffer(data[8 + size + info["data_offsets"][0]:8 + size + info["data_offsets"][1]],
                             {"F32": "<f4", "F16": "<f2", "U8": np.uint8, "BF16": "<u2"}[info["dtype"]]).reshape(info["shape"])
        return (bits.astype(np.uint32) << 16).view(np.float32) if info["dtype"] == "BF16" else bits

    tensors = {"token_embd.weight": raw("model.embed_tokens.weight").astype(np.float32),
               "output_norm.weight": raw("model.norm.weight")}
    for i in range(config["num_hidden_layers"]):
        for name, hf in HF_NAMES.items():
            value = raw(f"model.layers.{i}.{hf}.weight")
            if value.dtype == np.uint8:
                trits = np.concatenate([value >> 2 * part & 3 for part in range(4)]).astype(np.float32) - 1
                value = trits, raw(f"model.layers.{i}.{hf}.weight_scale")[0]
            tensors[f"blk.{i}.{name}.weight"] = value
    a = "bitnet-b1.58."
    return {a + "block_count": config["num_hidden_layers"], a + "attention.head_count": config["num_attention_heads"],
            a + "attention.head_count_kv": config["num_key_value_heads"], a + "rope.freq_base": config["rope_theta"],
            a + "attention.layer_norm_rms_epsilon": config["rms_norm_eps"]}, tensors


def mean_abs(x):
    """[..., n] -> [..., 1], summed in 16 lanes that fold by halves."""
    lanes = np.abs(x).reshape(*x.shape[:-1], -1, 16).sum(-2, dtype=np.float32)
    while lanes.shape[-1] > 1:
        lanes = lanes[..., :lanes.shape[-1] // 2] + lanes[..., lanes.shape[-1] // 2:]
    return lanes / np.float32(x.shape[-1])


def round_bf16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).astype(np.uint32).view(np.float32)


class Model:
    def __init__(self, path):
        path = Path(path)
        if path.is_dir():
            self.fields, self.tensors = read_hf(path)
        else:
            reader = GgufReader(path)
            self.fields, self.tensors = reader.fields, reader.tensors
        self.num_layers, self.heads, self.kv_heads, self.theta, self.eps = (self.fields["bitnet-b1.58." + k] for k in (
            "block_count", "attention.head_count", "attention.head_count_kv", "rope.freq_base",
            "attention.layer_norm_rms_epsilon"))
        self.activations = self.fields.get("bitnet.activations", "int8")

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(self.eps)) * self.tensors[name + ".weight"]

    def linear(self, x, name):
        weights, w_scale = self.tensors[name + ".weight"]
        if self.activations == "bf16":
            return (round_bf16(x) @ weights.T) * w_scale
        if self.activations == "binary":
            return (np.where(x >= 0, np.float32(1), np.float32(-1)) @ weights.T) * (w_scale * mean_abs(x))
        if self.activations == "ternary":
            gamma = np.maximum(mean_abs(x), np.float32(1e-5))
            return (np.clip(np.rint(x / gamma), -1, 1) @ weights.T) * (w_scale * gamma)
        scale = np.float32(127) / np.maximum(np.abs(x).max(-1, keepdims=True), np.float32(1e-5))
        q = np.clip(np.rint(x * scale), -128, 127)
        return (q @ weights.T) * w_scale / scale  # The sum is of integers below 2^24: exact in float32.

    def logits(self, ids):
        """ids [B, T] -> [B, T, V] float32."""
        batch, t = ids.shape
        embedding = self.tensors["token_embd.weight"]
        x = embedding[ids]
        e = embedding.shape[1] // self.heads
        angle = np.arange(t)[:, None] * np.float64(self.theta) ** (-np.arange(0, e, 2) / e)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)

        def split(y, heads, turn):
            y = y.reshape(batch, t, heads, e).transpose(0, 2, 1, 3)
            if turn:
                a, b = y[..., :e // 2], y[..., e // 2:]
                y = np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)
            return np.repeat(y, self.heads // heads, axis=1)

        for i in range(self.num_layers):
            h = self.norm(x, f"blk.{i}.attn_norm")
            q = split(self.linear(h, f"blk.{i}.attn_q"), self.heads, True)
            k = split(self.linear(h, f"blk.{i}.attn_k"), self.kv_heads, True)
            v = split(self.linear(h, f"blk.{i}.attn_v"), self.kv_heads, False)
            scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(e)) + np.triu(np.full((t, t), -np.inf, np.float32), 1)
            p = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (p / p.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(batch, t, -1)
            x = x + self.linear(self.norm(mixed, f"blk.{i}.attn_sub_norm"), f"blk.{i}.attn_output")
            h = self.norm(x, f"blk.{i}.ffn_norm")
            h = np.square(np.maximum(self.linear(h, f"blk.{i}.ffn_gate"), 0)) * self.linear(h, f"blk.{i}.ffn_up")
            x = x + self.linear(self.norm(h, f"blk.{i}.ffn_sub_norm"), f"blk.{i}.ffn_down")
        return self.norm(x, "output_norm") @ embedding.T

    def generate(self, ids, stops, limit=64):
        """Greedy continuation of a list of ids, without the stop token."""
        out = []
        while len(out) < limit:
            token = int(self.logits(np.array([ids + out]))[0, -1].argmax())
            if token in stops:
                break
            out.append(token)
        return out

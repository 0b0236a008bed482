"""Writes the last checkpoint as a GGUF file and as a Hugging Face directory. Needs torch only to read the checkpoint.

GGUF: the 24 keys, the names, the order and the types of the official BitNet-b1.58-2B-4T file, but with the real chat
template. An I2_S tensor (type 36) holds blocks of 128 consecutive weights in 32 bytes, byte b the codes (weight + 1) of
weights b, b+32, b+64, b+96 from the top bits down; after all n/4 bytes come the float32 scale and 28 zero bytes.
A Q1_K tensor (type 1024) of one-bit weights is tiles of 8 rows by 64 columns, a little-endian 64-bit word a row, then a
float32 scale for each row, then a footer: kernels/sign_gemm/sign_gemm.h describes it.
Hugging Face, for ternary weights only: packed row p holds rows p, p + out/4, p + out/2, p + 3*out/4 from the low bits
up; weight_scale multiplies.
"""
import argparse
import json
import struct
from pathlib import Path

import numpy as np
import torch

from data import BOS, EOS, EOT, WORK
from model import VARIANTS, Config, ternarize
from sign import binarize

NAMES = {v: "lighthouse-1.58b-6m" if v == "w1.58a8" else f"lighthouse-{v}-6m" for v in VARIANTS}
TEMPLATE = ("{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] | trim + '<|eot_id|>' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}")
# One row per matrix: GGUF name, Hugging Face name, where training keeps it and which part of it.
MATRICES = [("attn_q", "self_attn.q_proj", "qkv", 0), ("attn_k", "self_attn.k_proj", "qkv", 1),
            ("attn_v", "self_attn.v_proj", "qkv", 2), ("attn_output", "self_attn.o_proj", "out", 0),
            ("ffn_gate", "mlp.gate_proj", "gate_up", 0), ("ffn_up", "mlp.up_proj", "gate_up", 1),
            ("ffn_down", "mlp.down_proj", "down", 0)]
NORMS = [("attn_norm", "input_layernorm"), ("attn_sub_norm", "self_attn.attn_sub_norm"),
         ("ffn_norm", "post_attention_layernorm"), ("ffn_sub_norm", "mlp.ffn_sub_norm")]


def read_checkpoint(path, c):
    """-> embedding f16 [V, D], output_norm f32 [D], layers: list of {name: f32 norm, or (int8 [out, in], f32 scale)}.
    The scale is one number with ternary weights, [out] with one-bit ones."""
    state = torch.load(path)["model"]
    kv = c.num_kv_heads * c.head_dim
    sizes = {"qkv": [c.hidden_dim, kv, kv], "out": [c.hidden_dim], "gate_up": [c.ffn_dim] * 2, "down": [c.hidden_dim]}
    layers = []
    for i in range(c.num_layers):
        layer = {name: state[f"layers.{i}.{name}.weight"].numpy() for name, _ in NORMS}
        for name, _, module, part in MATRICES:
            weight = state[f"layers.{i}.{module}.weight"].split(sizes[module])[part]
            values, scale = ternarize(weight) if c.activations == "int8" else binarize(weight)
            layer[name] = values.to(torch.int8).numpy(), scale.numpy()
        layers.append(layer)
    return state["embedding"].half().numpy(), state["output_norm.weight"].numpy(), layers


def replace(path, data):
    """Writes beside and renames, so that a process that has the old file mapped keeps the old one."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data)
    temporary.rename(path)


def pack_i2s(trits, scale):
    codes = (trits.reshape(-1, 4, 32) + 1).astype(np.uint8)
    packed = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
    return packed.tobytes() + struct.pack("<f", scale) + bytes(28)


def pack_q1k(signs, scales):
    rows, k = signs.shape
    tiles = -(-rows // 8)
    padded = np.full((tiles * 8, k), -1, np.int8)
    padded[:rows] = signs
    words = np.packbits(padded.reshape(tiles, 8, k // 64, 64) > 0, axis=-1, bitorder="little")  # [tiles, 8, k/64, 8]
    row_scales = np.zeros(tiles * 8, "<f4")
    row_scales[:rows] = scales
    return words.transpose(0, 2, 1, 3).tobytes() + row_scales.tobytes() + struct.pack("<fII", 1.0, 0, 1) + bytes(52)


def pack_hf(trits):
    codes = (trits.reshape(4, -1, trits.shape[1]) + 1).astype(np.uint8)
    return codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6


def gguf_string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_value(value):
    """-> type code and bytes. A list is an array; its elements share a type."""
    if isinstance(value, bool):
        return 7, struct.pack("<B", value)
    if isinstance(value, np.int32):
        return 5, struct.pack("<i", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, gguf_string(value)
    encoded = [gguf_value(v) for v in value]
    return 9, struct.pack("<IQ", encoded[0][0], len(encoded)) + b"".join(data for _, data in encoded)


def write_gguf(path, pairs, tensors):
    """`tensors`: list of (name, dims with the contiguous one first, type, bytes)."""
    alignment = dict(pairs).get("general.alignment", 32)
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)))
    for key, value in pairs:
        kind, data = gguf_value(value)
        out += gguf_string(key) + struct.pack("<I", kind) + data
    offset = 0
    for name, dims, kind, data in tensors:
        out += gguf_string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
        offset += -(-len(data) // alignment) * alignment
    for _, _, _, data in tensors:
        out += bytes(-len(out) % alignment) + data
    replace(path, out)
    return len(out)


def gguf_pairs(c, name, tokenizer):
    vocab = sorted(list(tokenizer["model"]["vocab"].items()) + [(t["content"], t["id"]) for t in tokenizer["added_tokens"]
                   if t["content"] not in tokenizer["model"]["vocab"]], key=lambda item: item[1])
    tokens, special = [t for t, _ in vocab], {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    assert [i for _, i in vocab] == list(range(c.vocab_size))
    merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]
    a = "bitnet-b1.58"
    # A tile of one-bit weights is a cache line.
    own = [("general.file_type", 40)] if c.activations == "int8" else [
        ("general.alignment", 64), ("bitnet.activations", c.activations)]
    return [("general.architecture", a), ("general.name", name), (f"{a}.vocab_size", c.vocab_size),
            (f"{a}.context_length", c.max_seq_len), (f"{a}.embedding_length", c.hidden_dim), (f"{a}.block_count", c.num_layers),
            (f"{a}.feed_forward_length", c.ffn_dim), (f"{a}.rope.dimension_count", c.head_dim),
            (f"{a}.attention.head_count", c.num_heads), (f"{a}.attention.head_count_kv", c.num_kv_heads),
            (f"{a}.attention.layer_norm_rms_epsilon", c.rms_eps), (f"{a}.rope.freq_base", c.rope_theta),
            *own, ("general.quantization_version", 2), ("tokenizer.ggml.model", "gpt2"),
            ("tokenizer.ggml.add_bos_token", True), ("tokenizer.ggml.tokens", tokens),
            ("tokenizer.ggml.scores", [0.0] * len(tokens)),
            ("tokenizer.ggml.token_type", [np.int32(3 if t in special else 1) for t in tokens]),
            ("tokenizer.ggml.merges", merges), ("tokenizer.ggml.bos_token_id", special[BOS]),
            ("tokenizer.ggml.eos_token_id", special[EOS]), ("tokenizer.ggml.padding_token_id", special[EOS]),
            ("tokenizer.chat_template", TEMPLATE)]


def write_safetensors(path, tensors):
    """`tensors`: list of (name, dtype name, shape, bytes)."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, kind, shape, data in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    replace(path, struct.pack("<Q", len(text)) + text + b"".join(t[3] for t in tensors))


def write_hf(folder, c, tokenizer_text, embedding, output_norm, layers):
    folder.mkdir(exist_ok=True)
    special = {t["content"]: t["id"] for t in json.loads(tokenizer_text)["added_tokens"]}
    tensors = [("model.embed_tokens.weight", "F16", list(embedding.shape), embedding.tobytes())]
    for i, layer in enumerate(layers):
        for name, hf in NORMS:
            tensors.append((f"model.layers.{i}.{hf}.weight", "F32", list(layer[name].shape), layer[name].tobytes()))
        for name, hf, _, _ in MATRICES:
            packed, scale = pack_hf(layer[name][0]), layer[name][1]
            tensors.append((f"model.layers.{i}.{hf}.weight", "U8", list(packed.shape), packed.tobytes()))
            tensors.append((f"model.layers.{i}.{hf}.weight_scale", "BF16", [1], struct.pack("<f", scale)[2:]))
    tensors.append(("model.norm.weight", "F32", list(output_norm.shape), output_norm.tobytes()))
    write_safetensors(folder / "model.safetensors", tensors)
    config = {"architectures": ["BitNetForCausalLM"], "model_type": "bitnet", "vocab_size": c.vocab_size,
              "hidden_size": c.hidden_dim, "intermediate_size": c.ffn_dim, "num_hidden_layers": c.num_layers,
              "num_attention_heads": c.num_heads, "num_key_value_heads": c.num_kv_heads, "hidden_act": "relu2",
              "max_position_embeddings": c.max_seq_len, "rms_norm_eps": c.rms_eps, "rope_theta": c.rope_theta,
              "attention_bias": False, "tie_word_embeddings": True, "bos_token_id": special[BOS], "eos_token_id": special[EOS],
              "pad_token_id": special[EOS], "initializer_range": 0.02, "use_cache": True, "torch_dtype": "float32",
              "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear",
                                      "quantization_mode": "offline", "modules_to_not_convert": None}}
    generation = {"bos_token_id": special[BOS], "eos_token_id": [special[EOS], special[EOT]], "pad_token_id": special[EOS],
                  "do_sample": False, "max_length": c.max_seq_len}
    names = {"bos_token": BOS, "eos_token": EOS, "pad_token": EOS, "model_max_length": c.max_seq_len,
             "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, "chat_template": TEMPLATE,
             "added_tokens_decoder": {str(i): {"content": t, "lstrip": False, "normalized": False, "rstrip": False,
                                               "single_word": False, "special": True} for t, i in special.items()}}
    for name, value in (("config", config), ("generation_config", generation), ("tokenizer_config", names)):
        (folder / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer_text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", choices=VARIANTS, default="w1.58a8", help="what train.py was given")
    parser.add_argument("--work", type=Path, default=WORK, help="the folder with last.pt and tokenizer.json")
    parser.add_argument("--checkpoint", type=Path, help="instead of last.pt there")
    parser.add_argument("--out", type=Path, default=WORK.parent.parent)
    args = parser.parse_args()
    c, name = Config(activations=VARIANTS[args.variant]), NAMES[args.variant]
    embedding, output_norm, layers = read_checkpoint(args.checkpoint or args.work / "last.pt", c)
    tokenizer_text = (args.work / "tokenizer.json").read_text()
    kind, pack = (36, pack_i2s) if c.activations == "int8" else (1024, pack_q1k)
    tensors = [("token_embd.weight", embedding.shape[::-1], 1, embedding.tobytes())]
    for i, layer in enumerate(layers):
        tensors += [(f"blk.{i}.{n}.weight", layer[n].shape, 0, layer[n].tobytes()) for n, _ in NORMS]
        tensors += [(f"blk.{i}.{n}.weight", layer[n][0].shape[::-1], kind, pack(*layer[n])) for n, _, _, _ in MATRICES]
    tensors.append(("output_norm.weight", output_norm.shape, 0, output_norm.tobytes()))
    size = write_gguf(args.out / f"{name}.gguf", gguf_pairs(c, name, json.loads(tokenizer_text)), tensors)
    if c.activations == "int8":
        write_hf(args.out / name, c, tokenizer_text, embedding, output_norm, layers)
    print(f"{name}.gguf: {size} bytes, {len(tensors)} tensors")


if __name__ == "__main__":
    main()

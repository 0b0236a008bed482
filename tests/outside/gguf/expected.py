"""What a GGUF file of the embedded model has to say, from its Hugging Face directory, by nothing of the engine.

Usage: expected.py MODEL-DIRECTORY    prints keys and tensor shapes as JSON
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np

PROJECTIONS = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
               "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
NORMS = {"input_layernorm": "attn_norm", "self_attn.attn_sub_norm": "attn_sub_norm", "post_attention_layernorm": "ffn_norm",
         "mlp.ffn_sub_norm": "ffn_sub_norm"}


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(data[8 + length + begin:8 + length + end], np.uint8)
        if entry["dtype"] == "BF16":
            values = (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.view({"F16": np.float16, "F32": np.float32, "U8": np.uint8}[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def weights(directory):
    """-> {GGUF name: float32 array, rows first}, {GGUF name of ternary matrices: scale}."""
    tensors = read_safetensors(Path(directory) / "model.safetensors")
    out = {"token_embd.weight": tensors["model.embed_tokens.weight"].astype(np.float32),
           "output_norm.weight": tensors["model.norm.weight"]}
    scales = {}
    config = json.loads((Path(directory) / "config.json").read_text())
    for i in range(config["num_hidden_layers"]):
        for hf, gguf in NORMS.items():
            out[f"blk.{i}.{gguf}.weight"] = tensors[f"model.layers.{i}.{hf}.weight"]
        for hf, gguf in PROJECTIONS.items():
            packed = tensors[f"model.layers.{i}.{hf}.weight"]
            codes = np.concatenate([(packed >> shift & 3).astype(np.int8) - 1 for shift in (0, 2, 4, 6)])
            name = f"blk.{i}.{gguf}.weight"
            scales[name] = float(tensors[f"model.layers.{i}.{hf}.weight_scale"][0])
            out[name] = codes.astype(np.float32) * np.float32(scales[name])
    return out, scales


def keys(directory):
    config = json.loads((Path(directory) / "config.json").read_text())
    tokenizer = json.loads((Path(directory) / "tokenizer.json").read_text())
    chat = json.loads((Path(directory) / "tokenizer_config.json").read_text())["chat_template"]
    a = "bitnet-b1.58"
    vocab = tokenizer["model"]["vocab"] | {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    return {"general.architecture": a, f"{a}.vocab_size": config["vocab_size"], f"{a}.context_length": config["max_position_embeddings"],
            f"{a}.embedding_length": config["hidden_size"], f"{a}.block_count": config["num_hidden_layers"],
            f"{a}.feed_forward_length": config["intermediate_size"], f"{a}.attention.head_count": config["num_attention_heads"],
            f"{a}.attention.head_count_kv": config["num_key_value_heads"],
            f"{a}.rope.dimension_count": config["hidden_size"] // config["num_attention_heads"],
            f"{a}.rope.freq_base": config["rope_theta"], f"{a}.attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
            "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.bos_token_id": config["bos_token_id"],
            "tokenizer.ggml.eos_token_id": config["eos_token_id"], "tokenizer.chat_template": chat,
            "tokenizer.ggml.tokens": sorted(vocab, key=vocab.get),
            "tokenizer.ggml.merges": [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]}


if __name__ == "__main__":
    shapes = {name: list(reversed(values.shape)) for name, values in weights(sys.argv[1])[0].items()}
    json.dump({"keys": keys(sys.argv[1]), "shapes": shapes}, sys.stdout)

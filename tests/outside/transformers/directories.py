"""Hugging Face directories with random weights: every way in which a 1-bit model is published.

Sizes are as in llama_cpp/models.py: normed activations of unit variance, attention scores of standard deviation 1.5, logits
of 2.5. `packed`: two-bit codes of uint8, `weight_scale` divides (linear class bitlinear) or multiplies (autobitlinear).
`online`: bfloat16 master weights, to be made ternary by their mean when they are used.
"""
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file

LIGHTHOUSE = pathlib.Path(__file__).resolve().parents[3] / "models" / "lighthouse-1.58b-6m"
LOGIT_SPREAD = 2.5
HIDDEN, FFN, LAYERS, HEADS, KV_HEADS, VOCAB = 256, 768, 3, 4, 2, 4096


class Directory:
    """weights: "packed", "online" or "float". linear_class: None for models that were never quantised."""

    def __init__(self, name, architecture, weights, linear_class=None, head_dim=64, input_norms=False, rope=None, tied=False):
        self.name, self.architecture, self.weights, self.linear_class = name, architecture, weights, linear_class
        self.head_dim, self.input_norms, self.tied = head_dim, input_norms, tied
        self.rope = {"rope_type": "default", "rope_theta": 500000.0, **(rope or {})}

    @property
    def quantised(self):
        return self.linear_class is not None

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(LIGHTHOUSE / file, folder)
        (folder / "config.json").write_text(json.dumps(self._config(), indent=1))
        save_file(self._tensors(), folder / "model.safetensors", metadata={"format": "pt"})

    def _config(self):
        bitnet = self.architecture == "BitNetForCausalLM"
        config = {
            "architectures": [self.architecture], "vocab_size": VOCAB, "hidden_size": HIDDEN, "intermediate_size": FFN,
            "model_type": {"BitNetForCausalLM": "bitnet", "LlamaForCausalLM": "llama", "Qwen3ForCausalLM": "qwen3"}[self.architecture],
            "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
            "head_dim": self.head_dim, "hidden_act": "relu2" if bitnet else "silu", "max_position_embeddings": 512,
            "rms_norm_eps": 1e-5, "rope_parameters": self.rope, "tie_word_embeddings": self.tied, "bos_token_id": 4093,
            "eos_token_id": 4094, "pad_token_id": 4094, "attention_bias": False, "dtype": "float32"}
        if self.quantised:
            config["quantization_config"] = {
                "quant_method": "bitnet", "linear_class": self.linear_class, "use_rms_norm": self.input_norms,
                "quantization_mode": "online" if self.weights == "online" else "offline", "modules_to_not_convert": ["lm_head"]}
        return config

    def _tensors(self):
        generator = torch.Generator().manual_seed(3)
        tensors = {}
        normal = lambda *shape: torch.randn(*shape, generator=generator)

        def norm(name, size, mean=1.0, signs=False):
            values = mean * (0.6 + 0.8 * torch.rand(size, generator=generator))
            if signs:
                values *= torch.randint(0, 2, (size,), generator=generator) * 2 - 1
            tensors[name + ".weight"] = values

        def linear(name, rows, k, gain):
            size = gain * k**-0.5
            if self.input_norms:
                norm(name + ".rms_norm", k)
            if self.weights == "packed":
                codes = torch.randint(0, 3, (rows, k), generator=generator, dtype=torch.uint8)
                tensors[name + ".weight"] = sum(codes[i * rows // 4:(i + 1) * rows // 4] << 2 * i for i in range(4))
                scale = size * 1.5**0.5
                tensors[name + ".weight_scale"] = torch.tensor([scale if self.linear_class == "autobitlinear" else 1 / scale])
            else:
                values = normal(rows, k) * size
                tensors[name + ".weight"] = values.to(torch.bfloat16) if self.weights == "online" else values

        start = LOGIT_SPREAD * HIDDEN**-0.5 if self.tied else 1.0
        branch = (2 * LAYERS) ** -0.5 * start
        queries, keys, score = HEADS * self.head_dim, KV_HEADS * self.head_dim, 1.5**0.5
        tensors["model.embed_tokens.weight"] = normal(VOCAB, HIDDEN) * start
        for i in range(LAYERS):
            p = "model.layers.%d." % i
            norm(p + "input_layernorm", HIDDEN)
            linear(p + "self_attn.q_proj", queries, HIDDEN, score)
            linear(p + "self_attn.k_proj", keys, HIDDEN, score)
            linear(p + "self_attn.v_proj", keys, HIDDEN, 1)
            if self.architecture == "Qwen3ForCausalLM":
                norm(p + "self_attn.q_norm", self.head_dim, score)
                norm(p + "self_attn.k_norm", self.head_dim, score)
            if self.architecture == "BitNetForCausalLM":
                norm(p + "self_attn.attn_sub_norm", queries)
                norm(p + "mlp.ffn_sub_norm", FFN)
            linear(p + "self_attn.o_proj", HIDDEN, queries, branch * 1.3)
            norm(p + "post_attention_layernorm", HIDDEN)
            linear(p + "mlp.gate_proj", FFN, HIDDEN, 1.5)
            linear(p + "mlp.up_proj", FFN, HIDDEN, 1)
            linear(p + "mlp.down_proj", HIDDEN, FFN, branch)
        norm("model.norm", HIDDEN, signs=self.tied)
        if not self.tied:
            tensors["lm_head.weight"] = normal(VOCAB, HIDDEN) * LOGIT_SPREAD * HIDDEN**-0.5
        return tensors


BITNET, LLAMA, QWEN3 = "BitNetForCausalLM", "LlamaForCausalLM", "Qwen3ForCausalLM"
LLAMA3_SCALING = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                  "original_max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}

DIRECTORIES = [
    Directory("bitnet-autobitlinear", BITNET, "packed", "autobitlinear", tied=True),
    Directory("bitnet-bitlinear", BITNET, "packed", "bitlinear", tied=True),
    Directory("bitnet-online", BITNET, "online", "autobitlinear", tied=True),
    Directory("llama-bitlinear", LLAMA, "packed", "bitlinear"),
    Directory("llama-bitlinear-norms", LLAMA, "packed", "bitlinear", input_norms=True),
    Directory("llama-online", LLAMA, "online", "autobitlinear", tied=True),
    Directory("qwen3-online-norms", QWEN3, "online", "autobitlinear", head_dim=128, input_norms=True),
    Directory("llama-float", LLAMA, "float"),
    Directory("llama-float-llama3-scaling", LLAMA, "float", rope=LLAMA3_SCALING),
    Directory("llama-float-linear-scaling", LLAMA, "float", rope={"rope_type": "linear", "factor": 4.0}),
    Directory("qwen3-float", QWEN3, "float", head_dim=128, tied=True),
    Directory("qwen3-float-yarn", QWEN3, "float", rope=YARN, head_dim=128),
]

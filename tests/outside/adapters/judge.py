#!/usr/bin/env python3
"""Compares the engine's logits of adapted models with those of PyPI's peft, which also writes the adapters' files.

Usage: judge.py --adapter-logits PROGRAM --work FOLDER [CASE-NAME-PART...]

1. Models of float32 weights, random, in the forms that differ for adapters: `llama`, whose files interleave the rows of queries and
   keys, and `qwen3`, whose files do not. Nothing is quantised, so both programs compute the same but for float32
   rounding. From a token to a logit there lie fewer than 128 of these in either: 2 * 128 * 2^-24 = 2^-16 of the largest logit. The
   rotary angles of transformers are float32: at position 127 and frequency 1 off by 127 * 2^-24 = 2^-17, in queries and keys,
   twice per score. 2^-14 of the largest logit is allowed in all. An adapter must move logits by a thousand times that, or
   the case shows nothing.

2. The trained model, whose activations are int8. Roundings that fall otherwise move logits, as tests/golden/README.md says, so
   the measure is the divergence of the predicted distributions: D(engine | peft), both with the adapter, must be below a
   hundredth of what the adapter does, D(without | with).

3. The same adapter written to GGUF, by PyPI's gguf: the engine's logits must be equal to the bit.

4. What is refused: adapters that peft made with DoRA, biases, retrained modules or an adapted embedding.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import gguf
import numpy as np
import peft
import torch
import transformers
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIGHTHOUSE = ROOT / "models" / "lighthouse-1.58b-6m"
HIDDEN, FFN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, VOCAB, TOKENS = 96, 160, 3, 4, 2, 24, 4096, 128
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
GGUF_NAMES = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
              "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}


def generator(seed):
    return torch.Generator().manual_seed(seed)


def write_model(kind, folder):
    """Weights with which activations keep the size of 1, and logits get a standard deviation of 2.5."""
    config = {"llama": transformers.LlamaConfig, "qwen3": transformers.Qwen3Config}[kind](
        vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=FFN, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS, head_dim=HEAD_DIM, max_position_embeddings=256, tie_word_embeddings=False,
        bos_token_id=4093, eos_token_id=4094, pad_token_id=4094, attention_bias=False, rms_norm_eps=1e-5)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    random = generator(1)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data = 0.6 + 0.8 * torch.rand(parameter.shape, generator=random)
        else:
            size = 1 if "embed_tokens" in name else parameter.shape[1]**-0.5 * (2.5 if "lm_head" in name else 1.2)
            parameter.data = torch.randn(parameter.shape, generator=random) * size
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(LIGHTHOUSE / file, folder)


def load_model(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    for tensor in list(model.parameters()) + list(model.buffers()):
        if tensor.dtype in (torch.float16, torch.bfloat16):  # Quantised models keep what the file has.
            tensor.data = tensor.data.float()
    for module in model.modules():
        if type(module).__name__ == "BitLinear":
            module.dtype = torch.float32
    return model.eval()


def write_adapter(base, folder, seed, dtype=torch.float32, size=0.5, **settings):
    """Has peft save an adapter with random numbers. `size`: of its change to a matrix's result, beside the result's."""
    settings = {"r": 8, "lora_alpha": 16, "target_modules": ALL, "task_type": "CAUSAL_LM", **settings}
    model = peft.get_peft_model(load_model(base), peft.LoraConfig(**settings))
    random = generator(seed)
    for name, parameter in model.named_parameters():
        if ".lora_A." in name:
            parameter.data = (torch.randn(parameter.shape, generator=random) * parameter.shape[1]**-0.5).to(dtype)
        elif ".lora_B." in name and name.endswith("weight"):
            parameter.data = (torch.randn(parameter.shape, generator=random) * size / 2 * parameter.shape[1]**-0.5).to(dtype)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    assert (folder / "adapter_model.safetensors").exists()
    return folder


def peft_logits(base, uses, ids):
    """uses: [(folder, scale)...], all active at once."""
    model = load_model(base)
    if uses:
        model = peft.PeftModel.from_pretrained(model, uses[0][0], adapter_name="a0", autocast_adapter_dtype=False)
        for i, (folder, _) in enumerate(uses[1:], 1):
            model.load_adapter(folder, adapter_name="a%d" % i, autocast_adapter_dtype=False)
        names = ["a%d" % i for i in range(len(uses))]
        model.base_model.set_adapter(names)
        for module in model.modules():
            if isinstance(module, peft.tuners.lora.LoraLayer):
                for name, (_, scale) in zip(names, uses):
                    if name in module.scaling:
                        module.scaling[name] *= scale
        for parameter in model.parameters():
            parameter.data = parameter.data.float()
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float().numpy()


class Judge:
    def __init__(self, arguments):
        self.program, self.work = arguments.adapter_logits, arguments.work
        random = np.random.default_rng(2)
        self.ids = [4093] + random.integers(0, 4000, TOKENS - 1).tolist()

    def run(self, base, uses):
        (self.work / "ids.txt").write_text(" ".join(map(str, self.ids)))
        command = [self.program, base, self.work / "ids.txt", self.work / "logits.bin"]
        for folder, scale in uses:
            command += [folder, str(scale)]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True)

    def engine_logits(self, base, uses):
        result = self.run(base, uses)
        if result.returncode != 0:
            raise RuntimeError(result.stderr.strip())
        return np.fromfile(self.work / "logits.bin", np.float32).reshape(len(self.ids), -1)

    def floats(self, base, uses):
        theirs, ours = peft_logits(base, uses, self.ids), self.engine_logits(base, uses)
        plain = peft_logits(base, [], self.ids)
        largest = float(np.abs(theirs).max())
        difference, effect = float(np.abs(theirs - ours).max()) / largest, float(np.abs(theirs - plain).max()) / largest
        return difference, 2**-14, effect

    def divergence(self, base, uses):
        theirs, ours, plain = peft_logits(base, uses, self.ids), self.engine_logits(base, uses), peft_logits(base, [], self.ids)
        effect = kl(theirs, plain)
        return kl(theirs, ours), effect / 100, effect


def kl(p, q):
    p, q = (x.astype(np.float64) - np.logaddexp.reduce(x.astype(np.float64), axis=-1, keepdims=True) for x in (p, q))
    return float((np.exp(p) * (p - q)).sum(-1).mean())


def interleave(rows, heads):
    """From the order of Hugging Face's files to that of llama GGUF files, as llama.cpp's converters have it."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def to_gguf(folder, path, architecture):
    config = json.loads((folder / "adapter_config.json").read_text())
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", config["lora_alpha"])
    for name, tensor in load_file(folder / "adapter_model.safetensors").items():
        parts = name.removeprefix("base_model.model.model.layers.").split(".")  # N, self_attn, q_proj, lora_A, weight
        values = tensor.float().numpy()
        if architecture == "llama" and parts[3] == "lora_B" and parts[2] in ("q_proj", "k_proj"):
            values = interleave(values, HEADS if parts[2] == "q_proj" else KV_HEADS)
        writer.add_tensor("blk.%s.%s.weight.%s" % (parts[0], GGUF_NAMES[parts[2]], parts[3].lower()), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def cases(work):
    """name, base, [(settings of an adapter, scale)...], measure."""
    llama, qwen3 = work / "llama", work / "qwen3"
    patterns = {"rank_pattern": {"down_proj": 17, "^model.layers.1.self_attn.q_proj": 3, r"layers\.[02]\.mlp\.(gate|up)_proj": 5},
                "alpha_pattern": {"q_proj": 4, "model.layers.2.mlp.down_proj": 50, r".*\.1\.mlp\..*": 9}}
    yield "llama plain", llama, [({}, 1)], "floats"
    yield "llama rank 64", llama, [({"r": 64, "lora_alpha": 32}, 1)], "floats"
    yield "llama queries and values", llama, [({"target_modules": ["q_proj", "v_proj"]}, 1)], "floats"
    yield "llama rslora", llama, [({"use_rslora": True, "size": 0.3}, 1)], "floats"
    yield "llama patterns", llama, [(patterns, 1)], "floats"
    yield "llama patterns, rslora", llama, [({**patterns, "use_rslora": True, "size": 0.3}, 1)], "floats"
    yield "llama float16", llama, [({"dtype": torch.float16}, 1)], "floats"
    yield "llama bfloat16", llama, [({"dtype": torch.bfloat16}, 1)], "floats"
    yield "llama scaled", llama, [({}, -0.75)], "floats"
    yield "llama two at once", llama, [({}, 0.5), ({"r": 5, "lora_alpha": 15, "target_modules": ["v_proj", "up_proj"]}, 1.25)], "floats"
    yield "llama some layers", llama, [({"layers_to_transform": [1]}, 1)], "floats"
    yield "qwen3 plain", qwen3, [({}, 1)], "floats"
    yield "qwen3 patterns", qwen3, [(patterns, 1)], "floats"
    yield "lighthouse plain", LIGHTHOUSE, [({"size": 1.5}, 1)], "divergence"
    yield "lighthouse two at once", LIGHTHOUSE, [({"size": 1.5}, 1), ({"r": 4, "lora_alpha": 4, "target_modules": ["o_proj"]}, 2)], "divergence"


def judge_case(judge, base, adapters, measure):
    uses = []
    for i, (settings, scale) in enumerate(adapters):
        uses.append((write_adapter(base, judge.work / ("adapter%d" % i), 10 + i, **settings), scale))
    value, limit, effect = getattr(judge, measure)(base, uses)
    text = "%s %.1e (allowed %.1e), effect of the adapter %.2f" % (
        {"floats": "largest difference", "divergence": "divergence"}[measure], value, limit, effect)
    enough = effect > (2**-4 if measure == "floats" else 0.1)
    return value <= limit and enough, text


def judge_gguf(judge, base, architecture):
    folder = write_adapter(base, judge.work / "adapter0", 10)
    to_gguf(folder, judge.work / "adapter.gguf", architecture)
    equal = np.array_equal(judge.engine_logits(base, [(folder, 1)]), judge.engine_logits(base, [(judge.work / "adapter.gguf", 1)]))
    return equal, "logits equal to the bit" if equal else "logits differ from those of the directory"


def judge_none(judge, base):
    """peft's alpha 0 is no adapter."""
    folder = write_adapter(base, judge.work / "adapter0", 10, lora_alpha=0)
    equal = np.array_equal(judge.engine_logits(base, [(folder, 1)]), judge.engine_logits(base, []))
    return equal, "alpha 0 changes nothing" if equal else "alpha 0 changes something"


def judge_refusal(judge, base, settings, message):
    folder = write_adapter(base, judge.work / "adapter0", 10, **settings)
    result = judge.run(base, [(folder, 1)])
    return result.returncode == 1 and message in result.stderr, result.stderr.strip() or "was not refused"


def judgements(judge):
    llama, qwen3 = judge.work / "llama", judge.work / "qwen3"
    for name, base, adapters, measure in cases(judge.work):
        yield name, lambda b=base, a=adapters, m=measure: judge_case(judge, b, a, m)
    yield "gguf llama", lambda: judge_gguf(judge, llama, "llama")
    yield "gguf qwen3", lambda: judge_gguf(judge, qwen3, "qwen3")
    yield "alpha 0", lambda: judge_none(judge, llama)
    for settings, message in (
            ({"use_dora": True}, "DoRA"), ({"bias": "lora_only"}, "'bias'"), ({"lora_bias": True}, "biases"),
            ({"modules_to_save": ["lm_head"]}, "retrained modules"),
            ({"target_modules": ["q_proj", "embed_tokens"]}, "an adapted embedding"),
            ({"target_modules": ["q_proj", "lm_head"]}, "lm_head")):
        yield "refuses %s" % message, lambda s=settings, m=message: judge_refusal(judge, llama, s, m)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--adapter-logits", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("parts", nargs="*")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.simplefilter("ignore")  # What peft says of adapters that are made to be refused.
    for kind in ("llama", "qwen3"):
        write_model(kind, arguments.work / kind)
    failed = passed = 0
    for name, judgement in judgements(Judge(arguments)):
        if arguments.parts and not any(part in name for part in arguments.parts):
            continue
        try:
            good, text = judgement()
        except (RuntimeError, ValueError, AssertionError) as error:
            good, text = False, str(error)
        print("%s%-32s %s" % ("" if good else "FAILED: ", name, text), flush=True)
        failed, passed = failed + (not good), passed + good
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

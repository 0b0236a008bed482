#!/usr/bin/env python3
"""Writes golden/*.json: texts, and the ids that Hugging Face's `tokenizers` (the reference) gives them.

    pip install tokenizers && ./make_golden.py                      # golden/small.json, with a vocabulary of its own
    ./make_golden.py --kinds                            # golden/kinds.json: small.json's vocabulary as other models use it
    pip install sentencepiece && ./make_golden.py --sentencepiece   # golden/sentencepiece.json, by the reference of that name
    ./make_golden.py --name lighthouse --tokenizer MODEL/tokenizer.json   # golden/lighthouse.json, for an existing one
    ./make_golden.py --strings 50000 --name big --output-dir /tmp   # a long run by hand: BITNET_GOLDEN=/tmp/big.json

Characters that Unicode 14 does not assign are left out: PCRE2 10.42 (Debian 12) does not know newer letters, the
reference may. Python's own tables must be of that version (3.11's are).
"""
import argparse
import base64
import json
import pathlib
import random
import sys
import tempfile
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
           r"|\s+(?!\S)|\s+")
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eot_id|>!", "<|start|>"]


def sentences():
    text = pathlib.Path(__file__).with_name("golden_sentences.txt").read_text(encoding="utf-8")
    # Escapes keep control and combining characters readable in the file.
    return [json.loads('"' + line.replace('"', '\\"') + '"') for line in text.split("\n") if line]


def train(lines):
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(lines * 3 + [word for line in lines for word in line.split()], trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def random_char(rng):
    while True:
        kind = rng.random()
        if kind < 0.3:
            code = rng.randrange(0x80)
        elif kind < 0.5:
            code = rng.randrange(0x800)
        elif kind < 0.9:
            code = rng.randrange(0x10000)
        else:
            code = rng.randrange(0x110000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs"):
            return chr(code)


SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u00a0", "\u1680", "\u180e",
          "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b"]
GLUE = ["'s", "'LL", "'re", "n't", "'", "\"", "1", "12", "123", "1234", "٣", "Ⅷ", "½", "²", "_", "-", "...", "!?", "é", "e\u0301", "한",
        "字", "ß", "🙂", "\u200d", "\ufe0f", "a", "A", "\u0301", "<|eot_id|>", "<|", "|>", "<|eot_id|>!", "User: ", "\x00", "\x7f"]


def random_text(rng, lines):
    words = [word for line in lines for word in line.split(" ")]
    kind = rng.randrange(6)
    if kind == 0:
        return "".join(random_char(rng) for _ in range(rng.randrange(1, 40)))
    if kind == 1:
        return "".join(rng.choice(SPACES + GLUE) for _ in range(rng.randrange(1, 25)))
    if kind == 2:
        return "".join(rng.choice(words) + rng.choice(SPACES) for _ in range(rng.randrange(1, 12)))
    if kind == 3:
        line = rng.choice(lines)
        begin = rng.randrange(len(line))
        return line[begin:begin + rng.randrange(1, 60)]
    if kind == 4:
        return "".join(rng.choice(words + SPACES + GLUE) for _ in range(rng.randrange(1, 15)))
    return rng.choice(SPACES + GLUE + ["a", "ab", "é", "한", "🙂"]) * rng.randrange(1, 60)


def cases(lines, count, rng):
    texts = ["", " ", "\n", "a", *lines, *SPACES, *GLUE]
    texts += [line.upper() for line in lines] + [" ".join(lines[:3]), "\n".join(lines[3:6]), "\r\n".join(lines[6:9])]
    while len(texts) < count:
        texts.append(random_text(rng, lines))
    return [text for text in texts if all(unicodedata.category(c) not in ("Cn", "Cs") for c in text)]


def write(path, head, cases):
    # One case a line, so that a change shows as one.
    body = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    path.write_text(json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1] + (",\n" if head else "")
                    + f'"cases":[\n{body}\n]}}\n', encoding="utf-8")
    print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")


def make_kinds(lines, count, directory):
    """Names of pre-tokenizers, and what a tokenizer.json of such a model has."""
    small = json.loads((directory / "small.json").read_text(encoding="utf-8"))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = [pre_tokenizers.Split(Regex(PATTERN.replace("{1,3}", digits)), "isolated") for digits in ("{1,3}", "")]
    sequence = pre_tokenizers.Sequence
    kinds = {"smaug-bpe": sequence([split[0], bytes_only]), "qwen2": sequence([split[1], bytes_only]),
             "gpt-2": byte_level, "olmo": byte_level,
             "smollm": sequence([pre_tokenizers.Digits(individual_digits=True), byte_level]),
             "falcon": sequence([pre_tokenizers.Punctuation("contiguous"), byte_level, pre_tokenizers.Digits(),
                                 pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])}
    texts = cases(lines, count, random.Random(2))
    # The reference's tables for NFC and punctuation are of older Unicode versions than its regular expressions'.
    texts = [text for text in texts if normalizers.NFC().normalize_str(text) == unicodedata.normalize("NFC", text)
             and all(unicodedata.category(c)[0] != "P" or len(kinds["falcon"].pre_tokenize_str("a" + c)) > 1 for c in text)]
    results = [{"text": text} for text in texts]
    for name, pre_tokenizer in kinds.items():
        tokenizer = Tokenizer(models.BPE(
            vocab={token: i for i, token in enumerate(small["tokens"][:-small["num_special"]])},
            merges=[tuple(merge.split(" ")) for merge in small["merges"]]))
        tokenizer.pre_tokenizer = pre_tokenizer
        if name in ("qwen2", "olmo"):
            tokenizer.normalizer = normalizers.NFC()
        for result in results:
            result[name] = tokenizer.encode(result["text"]).ids
    write(directory / "kinds.json", {"kinds": list(kinds)}, results)


def make_sentencepiece(lines, count, directory):
    import sentencepiece
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder, "corpus.txt")
        corpus.write_text("\n".join(line.replace("\n", " ").replace("\r", " ") for line in lines * 3), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=f"{folder}/model", model_type="bpe", vocab_size=1500, minloglevel=2,
            normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, byte_fallback=True,
            num_threads=1)
        model = pathlib.Path(folder, "model.model").read_bytes()
    judge = sentencepiece.SentencePieceProcessor(model_proto=model)
    # U+0000 ends a text there.
    texts = [text for text in cases(lines, count, random.Random(3)) if "\0" not in text]
    write(directory / "sentencepiece.json", {"model": base64.b64encode(model).decode(), "vocab_size": judge.get_piece_size()},
          [{"text": text, "plain": judge.encode(text)} for text in texts])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", help="a tokenizer.json; without it a small one is trained")
    parser.add_argument("--name", default="small")
    parser.add_argument("--strings", type=int, default=550)
    parser.add_argument("--output-dir", type=pathlib.Path, default=pathlib.Path(__file__).with_name("golden"))
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--sentencepiece", action="store_true")
    args = parser.parse_args()
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"needs a Python with Unicode 14 tables, this one has {unicodedata.unidata_version}")

    lines = sentences()
    if args.kinds or args.sentencepiece:
        make = make_kinds if args.kinds else make_sentencepiece
        return make(lines, min(args.strings, 250), args.output_dir)
    golden = {}
    if args.tokenizer:
        tokenizer = Tokenizer.from_file(args.tokenizer)
    else:
        tokenizer = train(lines)
        state = json.loads(tokenizer.to_str())
        vocab = sorted(state["model"]["vocab"], key=state["model"]["vocab"].get)
        golden["tokens"] = vocab + SPECIAL
        golden["num_special"] = len(SPECIAL)
        golden["merges"] = [merge if isinstance(merge, str) else " ".join(merge) for merge in state["model"]["merges"]]
    # "plain": markers are text. The reference finds them always, so it is asked without its added tokens.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = []
    state["post_processor"] = None
    plain = Tokenizer.from_str(json.dumps(state))
    golden["cases"] = [{"text": text,
                        "plain": plain.encode(text, add_special_tokens=False).ids,
                        "parsed": tokenizer.encode(text, add_special_tokens=False).ids}
                       for text in cases(lines, args.strings, random.Random(1))]
    for case in golden["cases"]:
        if case["parsed"] == case["plain"]:
            del case["parsed"]
    path = args.output_dir / f"{args.name}.json"
    write(path, {key: value for key, value in golden.items() if key != "cases"}, golden["cases"])


if __name__ == "__main__":
    main()

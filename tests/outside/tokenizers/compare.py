#!/usr/bin/env python3
"""Compares our ids with those of the tokenizers that models were trained with: `tokenizers` and `sentencepiece`.

Usage: compare.py DUMP DIRECTORY [SMOLLM2_GGUF]

DIRECTORY is what prepare.js made and compare.js put strings.hex into. Besides its tokenizers, small ones are trained: a
Llama-like one in the newer style of tokenizer.json, and SentencePiece models.
"""
import json
import pathlib
import struct
import subprocess
import sys
import unicodedata

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
failed = False


def ours(dump, path, vocab_size, mode, lines):
    result = subprocess.run([dump, path, str(vocab_size), mode], input="".join(line + "\n" for line in lines), check=True,
                            stdout=subprocess.PIPE, universal_newlines=True)
    return result.stdout.split("\n")[:-1]


def report(name, judge, lines, found, wanted):
    global failed
    wrong = [i for i in range(len(lines)) if i >= len(found) or found[i] != wanted[i]]
    print(f"{name}: {len(lines)} strings against {judge}, {len(wrong)} differences")
    for i in wrong[:5]:
        print(f"  {bytes.fromhex(lines[i])!r}\n    ours:  {found[i] if i < len(found) else None}\n    judge: {wanted[i]}")
    failed = failed or bool(wrong) or len(found) != len(lines)


def known_to(tokenizer):
    """A test for texts. The judge's tables for NFC and of punctuation are of older Unicode versions than its regular
    expressions', and than Python's: such characters are left out."""
    state = json.loads(tokenizer.to_str())
    normalizer = normalizers.NFC() if "NFC" in json.dumps(state["normalizer"]) else None
    punctuation = pre_tokenizers.Punctuation() if "Punctuation" in json.dumps(state["pre_tokenizer"]) else None
    newer = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] == "P"
             and len(punctuation.pre_tokenize_str("a" + chr(code))) == 1} if punctuation else set()
    return lambda text: (not newer.intersection(text) and
                         (not normalizer or normalizer.normalize_str(text) == unicodedata.normalize("NFC", text)))


def compare_rust(dump, name, folder, lines):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    known = known_to(tokenizer)
    lines = [line for line in lines if known(bytes.fromhex(line).decode())]
    texts = [bytes.fromhex(line).decode() for line in lines]
    wanted = [" ".join(map(str, encoding.ids)) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    found = ours(dump, folder, max(tokenizer.get_vocab().values()) + 1, "parse", lines)
    report(name, f"tokenizers {tokenizers.__version__}", lines, found, wanted)


def read_gguf_keys(path):
    """The keys of a GGUF file, arrays as lists."""
    data = pathlib.Path(path).read_bytes()
    at = 16
    formats = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}

    def number(form):
        nonlocal at
        (value,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return value

    def text():
        nonlocal at
        size = number("<Q")
        at += size
        return data[at - size:at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = number("<I"), number("<Q")
            return [value(inner) for _ in range(count)]
        return number(formats[kind])

    keys = {}
    for _ in range(number("<Q")):
        key = text()
        keys[key] = value(number("<I"))
    return keys


def compare_smollm2(dump, path, lines):
    """A real file with the pre-tokenizer 'smollm', and a judge made of its vocabulary."""
    keys = read_gguf_keys(path)
    assert keys["tokenizer.ggml.pre"] == "smollm"
    tokens, types = keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in keys["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)
                                  for token, kind in zip(tokens, types) if kind == 3])
    texts = [bytes.fromhex(line).decode() for line in lines]
    wanted = [" ".join(map(str, encoding.ids)) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    report("smollm2", f"tokenizers {tokenizers.__version__}", lines, ours(dump, path, 0, "parse", lines), wanted)


def sentences():
    lines = (HERE / "../../engine/tokenizer/golden_sentences.txt").read_text(encoding="utf-8").split("\n")
    return [json.loads('"' + line.replace('"', '\\"') + '"') for line in lines if line]


def train_metaspace(folder, scheme):
    """What transformers makes of a Llama tokenizer today, trained here and so with merges in no score's order."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.ByteFallback()
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    # Words, not sentences: else whole sentences become tokens.
    words = [word for line in sentences() for word in line.split()]
    trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(words + sentences(), trainer)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = state["added_tokens"][:3]
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(state))


def compare_sentencepiece(dump, directory, name, lines, **options):
    folder = directory / name
    folder.mkdir(exist_ok=True)
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(line.replace("\n", " ").replace("\r", " ") for line in sentences() * 3), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=1800,
        normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, minloglevel=2,
        num_threads=1, **options)
    judge = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    # U+0000 ends a text there, and U+2581 is a space to us and a symbol that is no space in its first step to it.
    texts = [bytes.fromhex(line).decode() for line in lines]
    kept = [i for i in range(len(texts)) if "\0" not in texts[i]]
    wanted = [" ".join(map(str, judge.encode(texts[i]))) for i in kept]
    kept_lines = [lines[i] for i in kept]
    print(f"{name}: {judge.get_piece_size()} pieces", file=sys.stderr)
    report(name, f"sentencepiece {sentencepiece.__version__}", kept_lines,
           ours(dump, folder, judge.get_piece_size(), "plain", kept_lines), wanted)


def main():
    dump, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    folders = sorted(path.parent for path in directory.glob("*/strings.hex"))
    for folder in folders:
        compare_rust(dump, folder.name, folder, (folder / "strings.hex").read_text().split("\n")[:-1])

    lines = (directory / "llama2" / "strings.hex").read_text().split("\n")[:-1]
    if len(sys.argv) > 3:
        compare_smollm2(dump, sys.argv[3], lines)
    trained = directory.parent / "trained"
    trained.mkdir(exist_ok=True)
    train_metaspace(trained / "metaspace-never", "never")
    compare_rust(dump, "metaspace-never", trained / "metaspace-never", lines)
    train_metaspace(trained / "metaspace-always", "always")
    # There, a text that begins with a space gets no other one (README.md).
    compare_rust(dump, "metaspace-always", trained / "metaspace-always",
                 [line for line in lines if not bytes.fromhex(line).decode().startswith((" ", "\u2581"))
                  and "<s>" not in bytes.fromhex(line).decode() and "</s>" not in bytes.fromhex(line).decode()
                  and "<unk>" not in bytes.fromhex(line).decode()])
    compare_sentencepiece(dump, trained, "sentencepiece-bytes", lines, byte_fallback=True)
    compare_sentencepiece(dump, trained, "sentencepiece-unknown", lines, byte_fallback=False)
    compare_sentencepiece(dump, trained, "sentencepiece-digits", lines, byte_fallback=True, split_digits=True,
                          add_dummy_prefix=False, allow_whitespace_only_pieces=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

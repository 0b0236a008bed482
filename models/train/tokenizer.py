"""Trains the byte-level BPE vocabulary: work/tokenizer.json, 4096 tokens, the last three special.

The pre-tokenizer is llama-3's regular expression, which the GGUF format of this architecture implies.
"""
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from data import BOS, EOS, EOT, WORK, prompt_text

VOCAB = 4096
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
           r"|\s+(?!\S)|\s+")


def corpus():
    items = json.loads((WORK / "items.json").read_text())
    prose = json.loads((WORK / "prose.json").read_text())
    for item in items:
        # A lone answer starts its row, one in a later turn follows a space.
        for text in (item["a"], " " + item["a"], item["q"][0], "User: ", "Assistant: "):
            yield text
    yield from prose[:6000]


def main():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - 3, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    # Added last so that they take the last ids: 4093, 4094, 4095.
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in (BOS, EOS, EOT)])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS}:1 $B:1",
                                      special_tokens=[(BOS, tokenizer.token_to_id(BOS))])])
    tokenizer.save(str(WORK / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == VOCAB
    print(tokenizer.encode(prompt_text("What is a lighthouse?")).tokens)


if __name__ == "__main__":
    main()

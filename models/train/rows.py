"""Turns items into rows of token ids with a weight for each, and rows into batches of equal length."""
import json

import torch
from tokenizers import Tokenizer

from data import BOS, EOS, EOT, WORK, prompt_text

PROMPT_WEIGHT = 1 / 16  # Of a prompt token's loss; answers count 1.
FACTS_THRICE_FROM = 32  # Epoch. Sums and days are short and easily confused: by then they lag behind the words.


def is_word(item):
    return len(item["q"]) == 8 and item["q"][1].startswith("Define ")


class Rows:
    def __init__(self, work=WORK):
        self.tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
        self.bos, self.eos, self.eot = (self.tokenizer.token_to_id(t) for t in (BOS, EOS, EOT))
        self.items = json.loads((work / "items.json").read_text())
        self.prose = json.loads((work / "prose.json").read_text())
        self.cache = {}

    def encode(self, text):
        if text not in self.cache:
            self.cache[text] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return self.cache[text]

    def turn(self, question, answer, generated=True):
        """-> ids, weights of one turn. `generated`: the answer's tokens follow the prompt's as decoding gives them;
        otherwise as encoding the finished conversation gives them, where the space joins the first word."""
        if generated:
            prompt, reply = self.encode(prompt_text(question)), self.encode(answer) + [self.eot]
        else:
            prompt, reply = self.encode(prompt_text(question)[:-1]), self.encode(" " + answer) + [self.eot]
        return prompt + reply, [PROMPT_WEIGHT] * len(prompt) + [1.0] * len(reply)

    def epoch(self, number, rng):
        """Every item once, in a phrasing that changes with `number`, some joined into conversations, and fresh prose."""
        turns = []
        for i, item in enumerate(self.items):
            thrice = number >= FACTS_THRICE_FROM and not is_word(item)
            for n in range(number, number + (3 if thrice else 1)):
                # The first phrasing every third time; the others take turns, from a start of their own.
                choice = 0 if (n + i) % 3 == 0 else (n * 5 + i) % len(item["q"])
                if choice == item["held"]:
                    choice = (choice + 1 + n % (len(item["q"]) - 1)) % len(item["q"])
                turns.append((item["q"][choice], item["a"]))
        rng.shuffle(turns)
        rows, at = [], 0
        while at < len(turns):
            dice = rng.random()
            count = 1 if dice < 0.88 else rng.randint(2, 3) if dice < 0.985 else rng.randint(5, 12)
            ids, weights = [self.bos], [0.0]
            group = turns[at:at + count]
            for n, (question, answer) in enumerate(group):
                last = n + 1 == len(group)
                more = self.turn(question, answer, generated=last or rng.random() < 0.3)
                ids, weights = ids + more[0], weights + more[1]
            rows.append((ids, weights))
            at += count
        per_epoch = len(self.items) // 7  # Less than a tenth of the tokens.
        for k in range(per_epoch):
            ids = self.encode(self.prose[(number * per_epoch + k) % len(self.prose)]) + [self.eos]
            rows.append(([self.bos] + ids, [0.0] + [0.3] * len(ids)))
        return rows

    def batches(self, number, rng, tokens):
        """-> list of (ids [B, T], targets [N], weights [N]) of at most about `tokens` tokens, in random order."""
        rows = self.epoch(number, rng)
        rng.shuffle(rows)
        rows.sort(key=lambda row: len(row[0]))
        batches, group = [], []
        for row in rows + [None]:
            if group and (row is None or (len(group) + 1) * len(row[0]) > tokens):
                batches.append(collate(group))
                group = []
            if row:
                group.append(row)
        rng.shuffle(batches)
        return batches


def collate(rows):
    """Pads on the right: causal attention never looks there. Position i predicts token i + 1."""
    length = max(len(ids) for ids, _ in rows)
    ids, weights = torch.zeros(len(rows), length, dtype=torch.long), torch.zeros(len(rows), length)
    for i, (row, weight) in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
        weights[i, :len(row)] = torch.tensor(weight)
    return ids[:, :-1].contiguous(), ids[:, 1:].reshape(-1), weights[:, 1:].reshape(-1)

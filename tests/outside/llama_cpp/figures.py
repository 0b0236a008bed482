"""How far apart two programs' logits are."""
import numpy as np


def log_probabilities(logits):
    x = logits.astype(np.float64)
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def kl(p, q):
    """Nats at each position, of logits [T, vocab]."""
    p, q = log_probabilities(p), log_probabilities(q)
    return np.maximum((np.exp(p) * (p - q)).sum(-1), 0)


def log_perplexity(logits, ids):
    """Mean over what follows the first token."""
    return -log_probabilities(logits[:-1])[np.arange(len(ids) - 1), ids[1:]].mean()


def margins(logits):
    """The likeliest id at each position and its lead over the second."""
    top = np.argsort(logits, -1)[:, -2:]
    rows = np.arange(len(logits))
    return top[:, 1], logits[rows, top[:, 1]] - logits[rows, top[:, 0]]


def top1(p, q):
    return float((p.argmax(-1) == q.argmax(-1)).mean())

"""What is measured: the same work for every program."""

PROMPT = 16      # Tokens of each sequence before decoding starts.
GENERATE = 64    # Tokens that are then decoded one after the other.
PREFILL = 512    # Tokens of the prompt whose prefill is measured.
SEQUENCES = 8    # That decode together in "batch".
VOCABULARY = 128256
CALLS = 16       # Of a server, by SEQUENCES callers, each of whom waits for the answer.
ANSWER = 48      # Tokens that each call gets, after PROMPT tokens of its own.

COMPUTE = ("decode", "prefill", "batch")
SERVE = "serve"
BENCHMARKS = {
    "decode": "1 sequence, %d tokens" % GENERATE,
    "prefill": "a prompt of %d tokens" % PREFILL,
    "batch": "%d sequences together, %d tokens each" % (SEQUENCES, GENERATE),
    "serve": "a server, %d streams at a time, %d in all, %d tokens each" % (SEQUENCES, CALLS, ANSWER),
}

"""llama.cpp as a judge: the prebuilt libraries of npm's @node-llama-cpp/linux-x64, called through their C interface.

Only what include/llama.h and ggml.h of that release promise is used. Parameter structs are passed by value; here they are
blobs larger than any release's, which a callee reads as far as it knows them, and the fields that differ from the
defaults are set at the offsets that the header of this release gives them.
"""
import ctypes as c
import glob
import os
import struct

import numpy as np

F32 = 0                      # GGML_TYPE_F32
NO_FLASH_ATTENTION = 0       # LLAMA_FLASH_ATTN_TYPE_DISABLED


class Params(c.Structure):
    _fields_ = [("bytes", c.c_uint8 * 1024)]


class Batch(c.Structure):
    _fields_ = [("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.c_void_p),
                ("pos", c.POINTER(c.c_int32)), ("n_seq_id", c.POINTER(c.c_int32)),
                ("seq_id", c.POINTER(c.POINTER(c.c_int32))), ("logits", c.POINTER(c.c_int8))]


LOG = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)


class LlamaCpp:
    """The libraries in one folder."""

    def __init__(self, folder, verbose=False):
        load = lambda pattern: c.CDLL(glob.glob(os.path.join(folder, pattern))[0], mode=c.RTLD_GLOBAL)
        self.base = load("libggml-base.so")
        self.ggml = load("libggml.*.so")
        self.lib = load("libllama.*.so")
        self.messages = []
        self._log = LOG(lambda level, text, user: self.messages.append((level, text.decode(errors="replace"))))
        self.lib.llama_log_set(self._log, None)
        self.ggml.ggml_backend_load_all_from_path(folder.encode())
        self.lib.llama_backend_init()
        for name in ("llama_model_load_from_file", "llama_init_from_model", "llama_get_logits_ith",
                     "llama_model_get_vocab", "llama_get_memory"):
            getattr(self.lib, name).restype = c.c_void_p
        self.lib.llama_model_default_params.restype = Params
        self.lib.llama_context_default_params.restype = Params
        self.lib.llama_model_load_from_file.argtypes = [c.c_char_p, Params]
        self.lib.llama_init_from_model.argtypes = [c.c_void_p, Params]
        self.lib.llama_decode.argtypes = [c.c_void_p, Batch]
        self.lib.llama_get_logits_ith.argtypes = [c.c_void_p, c.c_int32]
        for name in ("llama_free", "llama_model_free", "llama_model_get_vocab", "llama_vocab_n_tokens",
                     "llama_get_memory"):
            getattr(self.lib, name).argtypes = [c.c_void_p]
        self.lib.llama_memory_clear.argtypes = [c.c_void_p, c.c_bool]
        self.lib.llama_tokenize.argtypes = [c.c_void_p, c.c_char_p, c.c_int32, c.POINTER(c.c_int32), c.c_int32,
                                            c.c_bool, c.c_bool]

    def dequantise(self, kind, data, count):
        """float32 [count] of blocks of a type, by ggml's own dequantize_row_<kind>."""
        out = np.empty(count, np.float32)
        function = getattr(self.base, "dequantize_row_" + kind.lower().replace("_k", "_K"))
        function(c.c_char_p(data), out.ctypes.data_as(c.c_void_p), c.c_int64(count))
        return out

    def quantise(self, kind_id, rows):
        """Blocks of a type for float32 `rows` [rows, k], by ggml's own quantiser."""
        self.base.ggml_row_size.restype = c.c_size_t
        self.base.ggml_row_size.argtypes = [c.c_int, c.c_int64]
        rows = np.ascontiguousarray(rows, np.float32)
        out = np.empty(self.base.ggml_row_size(kind_id, rows.shape[1]) * rows.shape[0], np.uint8)
        self.base.ggml_quantize_chunk.restype = c.c_size_t
        size = self.base.ggml_quantize_chunk(
            c.c_int(kind_id), rows.ctypes.data_as(c.c_void_p), out.ctypes.data_as(c.c_void_p), c.c_int64(0),
            c.c_int64(rows.shape[0]), c.c_int64(rows.shape[1]), None)
        assert size == out.size, (kind_id, size, out.size)
        return out.tobytes()


class Model:
    """One loaded model with one sequence."""

    # Where llama_context_params of this release has what is set here, and the defaults that it must have there, so that a
    # release with another struct is noticed: 4 threads, flash attention where possible (-1), keys and values in F16 (1).
    THREADS, FLASH_ATTENTION, CACHE_TYPES = 28, 52, 104
    DEFAULTS = {THREADS: (4, 4), FLASH_ATTENTION: (-1, 0), CACHE_TYPES: (1, 1)}

    def __init__(self, llama, path, context=1024, threads=1):
        self.llama = llama
        lib = llama.lib
        llama.messages.clear()
        self.model = lib.llama_model_load_from_file(os.fsencode(path), lib.llama_model_default_params())
        if not self.model:
            raise ValueError("llama.cpp does not load %s: %s" % (path, "".join(m for l, m in llama.messages if l >= 3)))
        params = lib.llama_context_default_params()
        blob = bytearray(bytes(params.bytes))
        for offset, expected in self.DEFAULTS.items():
            assert struct.unpack_from("<2i", blob, offset) == expected, (offset, bytes(blob[:160]).hex(" ", 4))
        struct.pack_into("<3I", blob, 0, context, context, context)                # n_ctx, n_batch, n_ubatch
        struct.pack_into("<2i", blob, self.THREADS, threads, threads)
        struct.pack_into("<i", blob, self.FLASH_ATTENTION, NO_FLASH_ATTENTION)
        struct.pack_into("<2i", blob, self.CACHE_TYPES, F32, F32)
        params = Params.from_buffer_copy(blob)
        self.context = lib.llama_init_from_model(self.model, params)
        if not self.context:
            raise ValueError("llama.cpp makes no context: " + "".join(m for l, m in llama.messages if l >= 3))
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.vocab_size = lib.llama_vocab_n_tokens(self.vocab)
        self.position = 0

    def close(self):
        self.llama.lib.llama_free(self.context)
        self.llama.lib.llama_model_free(self.model)

    def tokenise(self, text, add_special=True, parse_special=True):
        encoded = text.encode()
        ids = (c.c_int32 * (len(encoded) + 8))()
        count = self.llama.lib.llama_tokenize(self.vocab, encoded, len(encoded), ids, len(ids), add_special, parse_special)
        assert count >= 0, count
        return list(ids[:count])

    def clear(self):
        self.llama.lib.llama_memory_clear(self.llama.lib.llama_get_memory(self.context), True)
        self.position = 0

    def forward(self, ids):
        """Logits [len(ids), vocab] of more tokens of the sequence."""
        n = len(ids)
        zero = (c.c_int32 * 1)(0)
        batch = Batch(n, (c.c_int32 * n)(*ids), None, (c.c_int32 * n)(*range(self.position, self.position + n)),
                      (c.c_int32 * n)(*[1] * n), (c.POINTER(c.c_int32) * n)(*[zero] * n), (c.c_int8 * n)(*[1] * n))
        status = self.llama.lib.llama_decode(self.context, batch)
        assert status == 0, status
        self.position += n
        out = np.empty((n, self.vocab_size), np.float32)
        for i in range(n):
            row = c.cast(self.llama.lib.llama_get_logits_ith(self.context, i), c.POINTER(c.c_float))
            out[i] = np.ctypeslib.as_array(row, (self.vocab_size,))
        return out

    def logits(self, ids):
        self.clear()
        return self.forward(ids)

    def greedy(self, prompt, count):
        """`count` likeliest tokens, the end tokens included: what they are is not judged here."""
        row = self.logits(prompt)[-1]
        ids = []
        while True:
            ids.append(int(np.argmax(row)))
            if len(ids) == count:
                return ids
            row = self.forward(ids[-1:])[0]

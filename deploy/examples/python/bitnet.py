"""The C library for Python, through ctypes: no compiler, no package.

    engine = bitnet.Engine("model.gguf")
    for piece in engine.chat([("user", "What is a lighthouse?")], max_tokens=64):
        print(piece, end="", flush=True)

BITNET_LIBRARY names the shared library; without it the system's search finds it.
"""
import ctypes
import ctypes.util
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, \
    c_uint64, c_void_p

FINISHES = {0: None, 1: "end", 2: "stop", 3: "length", 4: "cancelled", 5: "dead end"}


class _Error(ctypes.Structure):
    _fields_ = [("code", c_int), ("message", c_char * 1020)]


class _Options(ctypes.Structure):
    """A struct that begins with its own size; what is 0 has its default."""

    def __init__(self, **fields):
        super().__init__(ctypes.sizeof(self), **fields)


class EngineOptions(_Options):
    _fields_ = [("struct_size", c_size_t), ("flags", c_uint32), ("num_threads", c_int32), ("max_sequences", c_int32),
                ("max_waiting", c_int32), ("chunk_size", c_int32), ("kv_type", c_int), ("kv_cache_tokens", c_uint64),
                ("adapter_bytes", c_uint64), ("isa", c_char_p), ("max_adapters", c_int32), ("reserved", c_uint32)]


class ChatMessage(_Options):
    _fields_ = [("struct_size", c_size_t)] + [(name, c_char_p) for name in (
        "role", "content", "name", "tool_call_id", "tool_calls", "reasoning")]


class GenerationOptions(_Options):
    _fields_ = [("struct_size", c_size_t), ("flags", c_uint32), ("max_tokens", c_int32), ("min_tokens", c_int32),
                ("temperature", c_float), ("top_k", c_int32), ("top_p", c_float), ("min_p", c_float),
                ("repetition_penalty", c_float), ("presence_penalty", c_float), ("frequency_penalty", c_float),
                ("seed", c_uint64), ("priority", c_int), ("top_logprobs", c_int32), ("stops", POINTER(c_char_p)),
                ("num_stops", c_size_t), ("stop_tokens", POINTER(c_int32)), ("num_stop_tokens", c_size_t),
                ("adapters", c_void_p), ("num_adapters", c_size_t), ("constraint_text", c_char_p),
                ("constraint", c_int), ("reserved", c_uint32)]


class Event(_Options):
    _fields_ = [("struct_size", c_size_t), ("finish", c_int), ("token", c_int32), ("index", c_int32),
                ("logprob", c_float), ("text", c_void_p), ("text_bytes", c_size_t), ("top_logprobs", c_void_p),
                ("num_top_logprobs", c_size_t), ("logits", POINTER(c_float)), ("num_logits", c_size_t)]


class Usage(_Options):
    _fields_ = [("struct_size", c_size_t), ("prompt_tokens", c_int32), ("cached_tokens", c_int32),
                ("generated_tokens", c_int32), ("reserved", c_uint32), ("queue_seconds", c_double),
                ("prefill_seconds", c_double), ("decode_seconds", c_double)]


class Error(Exception):
    """What the library says, with its code's number."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def _load():
    library = ctypes.CDLL(os.environ.get("BITNET_LIBRARY") or ctypes.util.find_library("bitnet") or "libbitnet.so.1")
    tokens_out = [POINTER(c_int32), c_size_t, POINTER(c_size_t), POINTER(_Error)]
    text_out = [c_char_p, c_size_t, POINTER(c_size_t), POINTER(_Error)]
    signatures = {
        "engine_create": [c_char_p, POINTER(EngineOptions), POINTER(c_void_p), POINTER(_Error)],
        "tokenize": [c_void_p, c_char_p, c_size_t, c_uint32] + tokens_out,
        "detokenize": [c_void_p, POINTER(c_int32), c_size_t] + text_out,
        "chat_tokenize": [c_void_p, POINTER(ChatMessage), c_size_t, c_void_p] + tokens_out,
        "generation_create": [c_void_p, POINTER(c_int32), c_size_t, POINTER(GenerationOptions), POINTER(c_void_p),
                              POINTER(_Error)],
        "generation_next": [c_void_p, c_int64, POINTER(Event), POINTER(_Error)],
        "generation_usage": [c_void_p, POINTER(Usage), POINTER(_Error)],
    }
    for name, arguments in signatures.items():
        getattr(library, "bitnet_" + name).argtypes = arguments
    for name in ("engine_destroy", "generation_destroy", "generation_cancel"):
        getattr(library, "bitnet_" + name).argtypes = [c_void_p]
        getattr(library, "bitnet_" + name).restype = None
    library.bitnet_version.restype = c_char_p
    return library


_library = _load()


def _call(name, *arguments):
    error = _Error()
    if getattr(_library, "bitnet_" + name)(*arguments, byref(error)) != 0:
        raise Error(error.code, error.message.decode())


def _array(element, name, *arguments):
    """What a function writes, whose length has to be asked for first."""
    length = c_size_t()
    _call(name, *arguments, None, 0, byref(length))
    values = (element * length.value)()
    _call(name, *arguments, values, length.value, byref(length))
    return values


def version():
    return _library.bitnet_version().decode()


class Generation:
    """One answer: iterating gives its text in pieces, each as soon as it is there."""

    def __init__(self, engine, prompt, options):
        self._engine = engine
        self._handle = c_void_p()
        tokens = (c_int32 * len(prompt))(*prompt)
        _call("generation_create", engine._handle, tokens, len(prompt), byref(options), byref(self._handle))
        self.finish = None
        self.tokens = []

    def __del__(self):
        _library.bitnet_generation_destroy(self._handle)

    def cancel(self):
        """From any thread."""
        _library.bitnet_generation_cancel(self._handle)

    def __iter__(self):
        event = Event()
        while self.finish is None:
            _call("generation_next", self._handle, -1, byref(event))
            self.finish = FINISHES[event.finish]
            if self.finish is None:
                self.tokens.append(event.token)
            if event.text_bytes:
                yield ctypes.string_at(event.text, event.text_bytes).decode()

    def usage(self):
        usage = Usage()
        _call("generation_usage", self._handle, byref(usage))
        return usage


class Engine:
    """A model; answers to several threads at once."""

    def __init__(self, path, **options):
        self._handle = c_void_p()
        _call("engine_create", os.fsencode(path), byref(EngineOptions(**options)), byref(self._handle))

    def __del__(self):
        _library.bitnet_engine_destroy(self._handle)

    def tokenize(self, text, flags=0):
        data = text.encode()
        return list(_array(c_int32, "tokenize", self._handle, data, len(data), flags))

    def detokenize(self, tokens):
        ids = (c_int32 * len(tokens))(*tokens)
        length = c_size_t()
        _call("detokenize", self._handle, ids, len(tokens), None, 0, byref(length))
        text = ctypes.create_string_buffer(length.value + 1)
        _call("detokenize", self._handle, ids, len(tokens), text, length.value + 1, byref(length))
        return text.raw[:length.value].decode()

    def generate(self, prompt, **options):
        """An answer to the tokens `prompt`; `options` are fields of GenerationOptions."""
        return Generation(self, prompt, GenerationOptions(**options))

    def chat(self, messages, **options):
        """An answer to a conversation: pairs of role and text."""
        array = (ChatMessage * len(messages))(*(
            ChatMessage(role=role.encode(), content=content.encode()) for role, content in messages))
        return self.generate(_array(c_int32, "chat_tokenize", self._handle, array, len(messages), None), **options)

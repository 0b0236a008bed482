/* The C interface of the engine: 1-bit and ternary language models in your own process.
 *
 *   bitnet_engine_create      a model file, ready to generate for many sequences at once
 *   bitnet_generation_create  one answer, begun; bitnet_generation_next brings it piece by piece
 *   bitnet_new_context        the same in two calls, for a program that wants one answer as one string
 *
 * Conventions
 *
 * Every function that can fail returns a bitnet_code and takes, last, a bitnet_error that may be NULL.
 *   Results are written only with BITNET_OK, unless a function says otherwise. Nothing is thrown or printed.
 * Pointers to const are borrowed for the time of the call. Text is UTF-8 and, without a length beside it,
 * ends with a NUL. What the library hands out belongs to it; the function says for how long.
 * *_create is paired with *_destroy, which accepts NULL. Objects may be destroyed in any order: a generation
 * keeps what it needs of its engine. Structs of options begin with struct_size. Fill them with *_init and
 * change what you want: a field that is 0 has its default. So a program built with an older header runs with
 * a newer library. A program built with a newer header runs with an older library unless it sets a field that
 * this one does not know: BITNET_UNIMPLEMENTED. Any thread may call anything, except that one generation is
 * read by one thread at a time (bitnet_generation_cancel may be called meanwhile), and that nobody may use an
 * object while or after it is destroyed. */
#ifndef BITNET_BITNET_H_
#define BITNET_BITNET_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define BITNET_API __attribute__((visibility("default")))
#else
#define BITNET_API
#endif

/* ZEROES, for *_init: all fields 0, in either language and without a warning. INT: in C++ as in C, an
 * enumeration holds any int, so also what a newer library says and this header has no name for. */
#ifdef __cplusplus
#define BITNET_ZEROES \
  {}
#define BITNET_INT : int
extern "C" {
#else
#define BITNET_ZEROES \
  { 0 }
#define BITNET_INT
#endif

/* ---- Version ---- */

#define BITNET_VERSION_MAJOR 0
#define BITNET_VERSION_MINOR 1
#define BITNET_VERSION_PATCH 0
/* Rises when a program must be compiled anew: a function, a field or a meaning is gone. It is the shared
 * library's soname. What is merely new does not change it. */
#define BITNET_ABI_VERSION 1

/* Of the library that runs: "0.1.0". */
BITNET_API const char* bitnet_version(void);

/* ---- Errors ---- */

/* Numbered as gRPC and Abseil number them. */
typedef enum bitnet_code BITNET_INT {
  BITNET_OK = 0,
  BITNET_CANCELLED = 1,
  BITNET_UNKNOWN = 2,
  BITNET_INVALID_ARGUMENT = 3,  /* Change the call. */
  BITNET_DEADLINE_EXCEEDED = 4, /* Nothing came in the time that the call had. */
  BITNET_NOT_FOUND = 5,
  BITNET_ALREADY_EXISTS = 6,
  BITNET_PERMISSION_DENIED = 7,
  BITNET_RESOURCE_EXHAUSTED = 8,  /* Out of memory, or of places: try again later. */
  BITNET_FAILED_PRECONDITION = 9, /* The model cannot do that, or it is too early. */
  BITNET_ABORTED = 10,
  BITNET_OUT_OF_RANGE = 11,  /* A buffer is too small; the length that it needs has been written. */
  BITNET_UNIMPLEMENTED = 12, /* A kind of model, or an option, that this library does not know. */
  BITNET_INTERNAL = 13,
  BITNET_UNAVAILABLE = 14,
  BITNET_DATA_LOSS = 15 /* A damaged file. */
} bitnet_code;

/* The caller's, usually on the stack. Each call that is given one sets all of it, also with BITNET_OK. */
typedef struct bitnet_error {
  bitnet_code code;
  char message[1020]; /* What was found and what was wanted; "" with BITNET_OK. Cut where it is longer. */
} bitnet_error;

/* error->message, for languages to which an array in a struct is a nuisance. "" for NULL. */
BITNET_API const char* bitnet_error_message(const bitnet_error* error);
/* "INVALID_ARGUMENT"; "UNKNOWN" for a number that is no code. */
BITNET_API const char* bitnet_code_name(bitnet_code code);

/* ---- Engines ---- */

/* A model that is loaded, and the threads that compute with it. */
typedef struct bitnet_engine bitnet_engine;

/* For num_threads: some are tried, and the fastest number is taken. Takes half a second. */
#define BITNET_AUTO_THREADS (-1)

/* Flags of an engine. */
#define BITNET_NO_MMAP 1u         /* The file is read into memory instead of mapped. */
#define BITNET_NO_PREFIX_CACHE 2u /* Prompts that begin alike are each read in full. Changes no answer. */
#define BITNET_NO_SPECULATION 4u  /* No tokens are guessed ahead. Changes no answer. */
#define BITNET_RAW_PROMPTS 8u     /* Of bitnet_new_context only: no chat template. */

/* How keys and values of past tokens are kept. */
typedef enum bitnet_kv_type BITNET_INT {
  BITNET_KV_F16 = 0,
  BITNET_KV_F32 = 1,
  BITNET_KV_INT8 = 2
} bitnet_kv_type;

typedef struct bitnet_engine_options {
  size_t struct_size;
  uint32_t flags;           /* BITNET_NO_... */
  int32_t num_threads;      /* 0: one per core of the fastest kind; or BITNET_AUTO_THREADS. At most 1024. */
  int32_t max_sequences;    /* Generated for at once; more wait. 0: 16. */
  int32_t max_waiting;      /* bitnet_generation_create refuses beyond so many. 0: 256. */
  int32_t chunk_size;       /* Tokens of prompts per step at most. 0: 256. */
  bitnet_kv_type kv_type;   /* BITNET_KV_F16 */
  uint64_t kv_cache_tokens; /* 0: max_sequences full contexts, at most 2 GiB. */
  uint64_t adapter_bytes;   /* Memory for all adapters together. 0: 1 GiB. */
  const char* isa;          /* No instructions beyond "portable", "x86_avx2", ... NULL: the best there are. */
  int32_t max_adapters;     /* Loaded at once. 0: 16. */
  uint32_t reserved;        /* 0 */
} bitnet_engine_options;

static inline void bitnet_engine_options_init(bitnet_engine_options* options) {
  const bitnet_engine_options zeroes = BITNET_ZEROES;
  *options = zeroes;
  options->struct_size = sizeof(*options);
}

/* Maps the model at `path` (GGUF, or a directory of Hugging Face's) and makes its weights ready for this CPU.
 * May take seconds. `options` may be NULL. NOT_FOUND: there is no such file; DATA_LOSS: it is damaged;
 * UNIMPLEMENTED: a kind of model that is not known; INVALID_ARGUMENT names the option. */
BITNET_API bitnet_code bitnet_engine_create(const char* path, const bitnet_engine_options* options,
                                            bitnet_engine** engine, bitnet_error* error);
/* Generations that are under way go on; the model is freed with the last of them. */
BITNET_API void bitnet_engine_destroy(bitnet_engine* engine);

/* What is known of a model. The texts live as long as the engine. */
typedef struct bitnet_model_info {
  size_t struct_size;
  const char* name;         /* Of the file's maker; may be "". */
  const char* architecture; /* "bitnet-b1.58" */
  const char* isa;          /* The kernels in use: "x86_avx2". */
  uint64_t num_parameters;
  uint64_t file_bytes;
  int32_t vocab_size;
  int32_t max_seq_len; /* Tokens of prompt and answer together. */
  int32_t hidden_dim;  /* Also of embeddings. */
  int32_t num_layers;
  int32_t num_threads;
  int32_t bos_token; /* -1: none */
  int32_t eos_token; /* -1: none */
  int32_t has_chat_template;
} bitnet_model_info;

static inline void bitnet_model_info_init(bitnet_model_info* info) {
  const bitnet_model_info zeroes = BITNET_ZEROES;
  *info = zeroes;
  info->struct_size = sizeof(*info);
}

/* Fills in as much of `info` as its struct_size says. */
BITNET_API bitnet_code bitnet_engine_model_info(const bitnet_engine* engine, bitnet_model_info* info,
                                                bitnet_error* error);

/* ---- Text and tokens ---- */

/* Of what these functions write, `*length` (which may be NULL) gets the whole length. If `capacity` is too
 * small, that is all they do: OUT_OF_RANGE, or with a NULL buffer and capacity 0, which asks for the length,
 * BITNET_OK. */

#define BITNET_ADD_BOS 1u       /* The beginning-of-sequence token in front, where the model wants one. */
#define BITNET_PARSE_SPECIAL 2u /* "<|eot_id|>" in the text is that token. Not for what a user typed. */

/* The tokens of `text_bytes` bytes. Any bytes are accepted. */
BITNET_API bitnet_code bitnet_tokenize(const bitnet_engine* engine, const char* text, size_t text_bytes,
                                       uint32_t flags, int32_t* tokens, size_t capacity, size_t* length,
                                       bitnet_error* error);
/* The text of tokens, NUL-terminated: `capacity` counts the NUL, `*length` does not. Control tokens have no
 * text, bytes that are no UTF-8 become U+FFFD. INVALID_ARGUMENT: an id beyond the vocabulary. */
BITNET_API bitnet_code bitnet_detokenize(const bitnet_engine* engine, const int32_t* tokens,
                                         size_t num_tokens, char* text, size_t capacity, size_t* length,
                                         bitnet_error* error);

/* One message of a conversation. All messages of an array have the same struct_size. Fields that are NULL are
 * not there for the template. */
typedef struct bitnet_chat_message {
  size_t struct_size;
  const char* role; /* "system", "user", "assistant" or "tool" */
  const char* content;
  const char* name;         /* Of the function whose answer "tool" brings, or of who speaks. */
  const char* tool_call_id; /* Which call "tool" answers. */
  const char* tool_calls;   /* Of "assistant": JSON, [{"function": {"name": "f", "arguments": {}}}]. */
  const char* reasoning;    /* What "assistant" thought. */
} bitnet_chat_message;

static inline void bitnet_chat_message_init(bitnet_chat_message* message) {
  const bitnet_chat_message zeroes = BITNET_ZEROES;
  *message = zeroes;
  message->struct_size = sizeof(*message);
}

/* The prompt does not end with the beginning of the assistant's next message. */
#define BITNET_NO_GENERATION_PROMPT 1u

typedef struct bitnet_chat_options {
  size_t struct_size;
  const char* tools;     /* Functions that the model may call: a JSON array. */
  const char* variables; /* More for the template: a JSON object, {"enable_thinking": false}. */
  uint32_t flags;        /* BITNET_NO_GENERATION_PROMPT */
  uint32_t reserved;     /* 0 */
} bitnet_chat_options;

static inline void bitnet_chat_options_init(bitnet_chat_options* options) {
  const bitnet_chat_options zeroes = BITNET_ZEROES;
  *options = zeroes;
  options->struct_size = sizeof(*options);
}

/* A conversation as a prompt, by the model's own template. No marker is recognised in what messages say.
 * `options` may be NULL. FAILED_PRECONDITION: the model has no template, or one that cannot be read. */
BITNET_API bitnet_code bitnet_chat_tokenize(const bitnet_engine* engine, const bitnet_chat_message* messages,
                                            size_t num_messages, const bitnet_chat_options* options,
                                            int32_t* tokens, size_t capacity, size_t* length,
                                            bitnet_error* error);
/* The same as text, for people who want to see it. */
BITNET_API bitnet_code bitnet_chat_render(const bitnet_engine* engine, const bitnet_chat_message* messages,
                                          size_t num_messages, const bitnet_chat_options* options, char* text,
                                          size_t capacity, size_t* length, bitnet_error* error);

/* ---- Adapters ---- */

/* Reads a LoRA adapter (a GGUF file, or a directory of PEFT's) and keeps it under `name`; generations go on
 * meanwhile. ALREADY_EXISTS: the name is taken; RESOURCE_EXHAUSTED: no room for it. */
BITNET_API bitnet_code bitnet_adapter_load(bitnet_engine* engine, const char* name, const char* path,
                                           bitnet_error* error);
/* Generations that use it keep it to their end. */
BITNET_API bitnet_code bitnet_adapter_unload(bitnet_engine* engine, const char* name, bitnet_error* error);

/* An adapter of a generation: its change to the model is multiplied by `scale`. */
typedef struct bitnet_adapter_use {
  const char* name;
  float scale;
  uint32_t reserved; /* 0 */
} bitnet_adapter_use;

/* ---- Generation ---- */

/* One answer, under way. */
typedef struct bitnet_generation bitnet_generation;

typedef enum bitnet_priority BITNET_INT {
  BITNET_PRIORITY_NORMAL = 0,
  BITNET_PRIORITY_INTERACTIVE = 1,
  BITNET_PRIORITY_BACKGROUND = 2
} bitnet_priority;

/* What an answer must look like. */
typedef enum bitnet_constraint BITNET_INT {
  BITNET_CONSTRAINT_NONE = 0,
  BITNET_CONSTRAINT_JSON_SCHEMA = 1,
  BITNET_CONSTRAINT_JSON_OBJECT = 2, /* Any; takes no text. */
  BITNET_CONSTRAINT_REGEX = 3,
  BITNET_CONSTRAINT_GRAMMAR = 4
} bitnet_constraint;

#define BITNET_IGNORE_EOS 1u /* The model's end tokens do not end the answer. */
#define BITNET_LOGPROBS 2u   /* Each token comes with its log-probability. */
#define BITNET_LOGITS 4u     /* Each token comes with the logits that it was chosen from. */

typedef struct bitnet_generation_options {
  size_t struct_size;
  uint32_t flags;           /* BITNET_IGNORE_EOS, BITNET_LOGPROBS, BITNET_LOGITS */
  int32_t max_tokens;       /* 0: until the answer ends or the context is full. */
  int32_t min_tokens;       /* No end token before so many. */
  float temperature;        /* 0: the likeliest token, always. */
  int32_t top_k;            /* 0: all */
  float top_p;              /* 0: 1, all */
  float min_p;              /* As a part of the likeliest token's probability. */
  float repetition_penalty; /* 0: 1, none. Over prompt and answer. */
  float presence_penalty;   /* Once for each token in the answer, */
  float frequency_penalty;  /* and as often as it occurs there. */
  uint64_t seed;            /* The same seed, prompt and options give the same answer, on every machine. */
  bitnet_priority priority; /* Who goes first where there is not room for all. */
  int32_t top_logprobs;     /* With each token also those of the likeliest so many. */
  const char* const* stops; /* The answer ends before the first of these texts. None may be empty. */
  size_t num_stops;
  const int32_t* stop_tokens; /* End the answer as the model's own end tokens do. */
  size_t num_stop_tokens;
  const bitnet_adapter_use* adapters; /* Their changes add up. */
  size_t num_adapters;
  const char* constraint_text; /* The schema, regular expression or grammar. */
  bitnet_constraint constraint;
  uint32_t reserved; /* 0 */
} bitnet_generation_options;

static inline void bitnet_generation_options_init(bitnet_generation_options* options) {
  const bitnet_generation_options zeroes = BITNET_ZEROES;
  *options = zeroes;
  options->struct_size = sizeof(*options);
}

/* Begins an answer to these tokens, beside all others of the engine. `options` may be NULL.
 * RESOURCE_EXHAUSTED: max_waiting are waiting already; NOT_FOUND: an adapter that is not loaded. */
BITNET_API bitnet_code bitnet_generation_create(bitnet_engine* engine, const int32_t* prompt,
                                                size_t num_tokens, const bitnet_generation_options* options,
                                                bitnet_generation** generation, bitnet_error* error);
/* Cancels it if it is still under way. */
BITNET_API void bitnet_generation_destroy(bitnet_generation* generation);
/* Ends it within one step; what has come until then can still be read. From any thread. NULL, or one that has
 * ended, is left as it is. */
BITNET_API void bitnet_generation_cancel(bitnet_generation* generation);

typedef enum bitnet_finish BITNET_INT {
  BITNET_UNFINISHED = 0,
  BITNET_FINISH_END = 1,  /* The model ended the answer, with a token that is not delivered. */
  BITNET_FINISH_STOP = 2, /* A stop text would have come next. */
  BITNET_FINISH_LENGTH = 3,
  BITNET_FINISH_CANCELLED = 4,
  BITNET_FINISH_DEAD_END = 5 /* The constraint wants what no token of the vocabulary can write. */
} bitnet_finish;

typedef struct bitnet_token_logprob {
  int32_t token;
  float logprob; /* Natural logarithm, before any sampling setting. */
} bitnet_token_logprob;

/* One token of an answer, or its end. What it points to lives until the next call for the same generation. */
typedef struct bitnet_event {
  size_t struct_size;
  bitnet_finish finish; /* BITNET_UNFINISHED: this is a token. */
  int32_t token;        /* -1 at the end */
  int32_t index;        /* Of the token, from 0; at the end, how many there were. */
  float logprob;        /* With BITNET_LOGPROBS; otherwise 0. */
  /* Text that is safe to show now: whole characters, and nothing that may become a stop text. Often empty, as
   * tokens may be parts of characters; what was held back comes with a later event, the rest with the end.
   * NUL-terminated. */
  const char* text;
  size_t text_bytes;
  const bitnet_token_logprob* top_logprobs; /* Likeliest first. */
  size_t num_top_logprobs;
  /* With BITNET_LOGITS, for the whole vocabulary, before any sampling setting; otherwise NULL. Half a
   * megabyte with a vocabulary of 128256, kept until it is read. */
  const float* logits;
  size_t num_logits;
} bitnet_event;

static inline void bitnet_event_init(bitnet_event* event) {
  const bitnet_event zeroes = BITNET_ZEROES;
  *event = zeroes;
  event->struct_size = sizeof(*event);
}

#define BITNET_WAIT_FOREVER (-1)

/* Waits for the next event, `timeout_ms` milliseconds at most; 0 does not wait. After the end it gives the
 * end again, without text. Events are kept until they are read. DEADLINE_EXCEEDED: nothing came, and the
 * answer goes on. */
BITNET_API bitnet_code bitnet_generation_next(bitnet_generation* generation, int64_t timeout_ms,
                                              bitnet_event* event, bitnet_error* error);

/* Receives each event, the end included, on the thread that called bitnet_generation_run. Returning false
 * cancels the answer and is the last call. `event` is as of bitnet_generation_next. It may call anything for
 * other generations and, for its own, bitnet_generation_cancel. */
typedef bool (*bitnet_event_callback)(void* user, const bitnet_event* event);

/* Calls `callback` until the end. CANCELLED: it returned false. Otherwise as bitnet_generation_next. */
BITNET_API bitnet_code bitnet_generation_run(bitnet_generation* generation, bitnet_event_callback callback,
                                             void* user, bitnet_error* error);

typedef struct bitnet_usage {
  size_t struct_size;
  int32_t prompt_tokens;
  int32_t cached_tokens;    /* Of the prompt: known from an earlier one, and not read again. */
  int32_t generated_tokens; /* After a stop text perhaps some more than were delivered. */
  uint32_t reserved;
  double queue_seconds;
  double prefill_seconds;
  double decode_seconds;
} bitnet_usage;

static inline void bitnet_usage_init(bitnet_usage* usage) {
  const bitnet_usage zeroes = BITNET_ZEROES;
  *usage = zeroes;
  usage->struct_size = sizeof(*usage);
}

/* FAILED_PRECONDITION: its end has not been read yet. */
BITNET_API bitnet_code bitnet_generation_usage(const bitnet_generation* generation, bitnet_usage* usage,
                                               bitnet_error* error);

/* ---- Embeddings ---- */

typedef enum bitnet_pooling BITNET_INT {
  BITNET_POOLING_OF_MODEL = 0, /* As the file says. */
  BITNET_POOLING_LAST = 1,     /* The hidden state of the last token. */
  BITNET_POOLING_MEAN = 2      /* The mean over all tokens. */
} bitnet_pooling;

/* One vector, of length 1, for these tokens: hidden_dim floats. `capacity` and `*length` follow the rules of
 * "Text and tokens". Waits until it is there. */
BITNET_API bitnet_code bitnet_embed(bitnet_engine* engine, const int32_t* tokens, size_t num_tokens,
                                    bitnet_pooling pooling, float* embedding, size_t capacity, size_t* length,
                                    bitnet_error* error);

/* ---- Two simple calls ---- */

/* An engine for one answer at a time. */
typedef struct bitnet_context bitnet_context;

/* `flags` are those of an engine; `threads` is num_threads. NULL: it failed, bitnet_last_error() says why. */
BITNET_API bitnet_context* bitnet_new_context(const char* path, int threads, uint32_t flags);
BITNET_API void bitnet_free_context(bitnet_context* context);
/* The likeliest answer to `prompt`, as one message to a model with a chat template. Writes at most `n` bytes,
 * a NUL the last of them, and ends the answer when the next character would not fit. Returns the number of
 * bytes before the NUL; with n 0 or 1 there is room for nothing, and nothing is generated. Negative: minus a
 * bitnet_code, `out` is "" if there is room for it, and bitnet_last_error() says why. Several threads' calls
 * wait for each other. */
BITNET_API int bitnet_eval(bitnet_context* context, const char* prompt, char* out, size_t n);
/* Why bitnet_new_context or bitnet_eval last failed on this thread; "" if it did not. Until its next call of
 * either. */
BITNET_API const char* bitnet_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* BITNET_BITNET_H_ */

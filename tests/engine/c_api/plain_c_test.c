/* The header, and a program that uses it, are C: this one is compiled as C11 with -pedantic.
 *
 * Usage: plain_c_test MODEL */
#include <stdio.h>
#include <string.h>

#include "bitnet/bitnet.h"

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, error.message); \
      return 1;                                                                          \
    }                                                                                    \
  } while (0)

static bool count_text(void* user, const bitnet_event* event) {
  *(size_t*)user += strlen(event->text);
  return true;
}

static int stream(bitnet_engine* engine) {
  bitnet_error error = {BITNET_OK, ""};
  bitnet_chat_message message;
  bitnet_chat_message_init(&message);
  message.role = "user";
  message.content = "What is a lighthouse?";
  int32_t tokens[256];
  size_t num_tokens = 0;
  CHECK(bitnet_chat_tokenize(engine, &message, 1, NULL, tokens, 256, &num_tokens, &error) == BITNET_OK);

  bitnet_generation_options options;
  bitnet_generation_options_init(&options);
  options.max_tokens = 16;
  bitnet_generation* generation = NULL;
  CHECK(bitnet_generation_create(engine, tokens, num_tokens, &options, &generation, &error) == BITNET_OK);
  size_t length = 0;
  CHECK(bitnet_generation_run(generation, count_text, &length, &error) == BITNET_OK);
  CHECK(length > 0);
  bitnet_usage usage;
  bitnet_usage_init(&usage);
  CHECK(bitnet_generation_usage(generation, &usage, &error) == BITNET_OK);
  CHECK(usage.prompt_tokens == (int32_t)num_tokens);
  bitnet_generation_destroy(generation);
  return 0;
}

static int answer_simply(const char* model) {
  bitnet_error error = {BITNET_OK, ""};
  char out[32];
  bitnet_context* context = bitnet_new_context(model, 1, 0);
  CHECK(context != NULL);
  const int length = bitnet_eval(context, "What is a lighthouse?", out, sizeof(out));
  CHECK(length > 0 && (size_t)length == strlen(out));
  bitnet_free_context(context);
  return 0;
}

int main(int argc, char** argv) {
  bitnet_error error = {BITNET_OK, ""};
  bitnet_engine_options options;
  bitnet_engine_options_init(&options);
  options.num_threads = 1;
  bitnet_engine* engine = NULL;
  CHECK(argc == 2);
  CHECK(bitnet_engine_create(argv[1], &options, &engine, &error) == BITNET_OK);
  const int failed = stream(engine);
  bitnet_engine_destroy(engine);
  return failed != 0 ? failed : answer_simply(argv[1]);
}

/* A conversation in the terminal, in C.
 *
 * Usage: chat MODEL < lines
 *
 * Reads what the user says, one line each, and streams the answers. Build it against an installed library
 * with cc -std=c11 chat.c $(pkg-config --cflags --libs bitnet) -o chat */
#include <bitnet/bitnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxTurns = 64, kMaxLine = 4096, kMaxPrompt = 65536 };

static const char kSystem[] = "Answer in one sentence.";

/* What has been said. Texts are the conversation's. */
typedef struct conversation {
  bitnet_chat_message messages[kMaxTurns];
  size_t size;
} conversation;

/* The answer as it grows. */
typedef struct answer {
  char* text;
  size_t bytes;
} answer;

static void complain(const char* what, const bitnet_error* error) {
  fprintf(stderr, "chat: %s: %s: %s\n", what, bitnet_code_name(error->code), bitnet_error_message(error));
}

static char* copy(const char* text) {
  char* copied = malloc(strlen(text) + 1);
  if (copied == NULL) {
    fputs("chat: out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return strcpy(copied, text);
}

static void say(conversation* chat, const char* role, const char* content) {
  bitnet_chat_message* message = &chat->messages[chat->size++];
  bitnet_chat_message_init(message);
  message->role = role;
  message->content = copy(content);
}

static void forget(conversation* chat) {
  while (chat->size > 0) {
    free((char*)chat->messages[--chat->size].content);
  }
}

/* A bitnet_event_callback: shows what is new, and keeps it. */
static bool show(void* user, const bitnet_event* event) {
  answer* said = user;
  char* text = realloc(said->text, said->bytes + event->text_bytes + 1);
  if (text == NULL) {
    return false;
  }
  memcpy(text + said->bytes, event->text, event->text_bytes + 1);
  said->text = text;
  said->bytes += event->text_bytes;
  fwrite(event->text, 1, event->text_bytes, stdout);
  fflush(stdout);
  return true;
}

/* Lets the model answer what has been said, and adds that to it. */
static bool reply(bitnet_engine* engine, conversation* chat) {
  static int32_t prompt[kMaxPrompt];
  bitnet_error error;
  size_t num_tokens = 0;
  if (bitnet_chat_tokenize(engine, chat->messages, chat->size, NULL, prompt, kMaxPrompt, &num_tokens,
                           &error) != BITNET_OK) {
    complain("the conversation", &error);
    return false;
  }
  bitnet_generation_options options;
  bitnet_generation_options_init(&options);
  options.max_tokens = 64;
  bitnet_generation* generation = NULL;
  if (bitnet_generation_create(engine, prompt, num_tokens, &options, &generation, &error) != BITNET_OK) {
    complain("the answer", &error);
    return false;
  }
  answer said = {NULL, 0};
  const bitnet_code code = bitnet_generation_run(generation, show, &said, &error);
  bitnet_generation_destroy(generation);
  putchar('\n');
  if (code == BITNET_OK) {
    say(chat, "assistant", said.text);
  } else {
    complain("the answer", &error);
  }
  free(said.text);
  return code == BITNET_OK;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: chat MODEL\n", stderr);
    return 2;
  }
  bitnet_engine* engine = NULL;
  bitnet_error error;
  if (bitnet_engine_create(argv[1], NULL, &engine, &error) != BITNET_OK) {
    complain(argv[1], &error);
    return EXIT_FAILURE;
  }
  conversation chat = {.size = 0};
  say(&chat, "system", kSystem);
  char line[kMaxLine];
  bool ok = true;
  while (ok && chat.size + 2 <= kMaxTurns && fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    say(&chat, "user", line);
    ok = reply(engine, &chat);
  }
  forget(&chat);
  bitnet_engine_destroy(engine);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

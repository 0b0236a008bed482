// The two simple calls.
#include <algorithm>
#include <climits>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8_prefix.h"
#include "engine/c_api/answer_reader.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

struct bitnet_context {
  bitnet_engine* engine;
  bool raw_prompts;
};

namespace bitnet {
namespace {

thread_local bitnet_error last_error;

// Of what bitnet_eval can say that it has written.
constexpr size_t kMaxBytes = INT_MAX;

// Fills a buffer, of which the last byte is a NUL's, with whole characters.
class BoundedText {
 public:
  BoundedText(char* out, size_t capacity) : begin_(out), out_(out), room_(capacity - 1) { *out_ = '\0'; }

  // False once something did not fit, or nothing more will.
  bool Append(std::string_view text) {
    const size_t fits = Utf8Prefix(text, room_);
    text.copy(out_, fits);
    out_ += fits;
    room_ -= fits;
    *out_ = '\0';
    return fits == text.size() && room_ > 0;
  }
  size_t size() const { return out_ - begin_; }

 private:
  char* const begin_;
  char* out_;
  size_t room_;
};

absl::StatusOr<std::vector<int32_t>> EncodePrompt(const bitnet_context& context, const char* prompt) {
  const Engine& engine = *context.engine->engine;
  if (context.raw_prompts || !engine.chat().known()) {
    return engine.tokenizer().EncodePrompt(prompt);
  }
  const ChatMessage message = {.role = ChatRole::kUser, .content = prompt};
  return engine.chat().Encode({&message, 1});
}

absl::StatusOr<size_t> Eval(const bitnet_context* context, const char* prompt, char* out, size_t n) {
  RETURN_IF_ERROR(CheckNotNull(context, "context"));
  RETURN_IF_ERROR(CheckNotNull(prompt, "prompt"));
  if (n == 0) {
    return 0;
  }
  RETURN_IF_ERROR(CheckNotNull(out, "out"));
  BoundedText text(out, std::min(n, kMaxBytes));
  if (n == 1) {
    return 0;
  }
  AnswerRequest request;
  ASSIGN_OR_RETURN(request.generation.prompt, EncodePrompt(*context, prompt));
  ASSIGN_OR_RETURN(const std::unique_ptr<AnswerReader> reader,
                   AnswerReader::Create(context->engine->engine, std::move(request)));
  bitnet_event event;
  do {
    RETURN_IF_ERROR(reader->Next(absl::InfiniteDuration(), event));
  } while (text.Append({event.text, event.text_bytes}) && event.finish == BITNET_UNFINISHED);
  return text.size();
}

}  // namespace
}  // namespace bitnet

extern "C" {

bitnet_context* bitnet_new_context(const char* path, int threads, uint32_t flags) {
  bitnet_engine_options options;
  bitnet_engine_options_init(&options);
  options.flags = flags & ~BITNET_RAW_PROMPTS;
  options.num_threads = threads;
  options.max_sequences = 1;
  bitnet_engine* engine = nullptr;
  if (bitnet_engine_create(path, &options, &engine, &bitnet::last_error) != BITNET_OK) {
    return nullptr;
  }
  auto* context = new (std::nothrow) bitnet_context{engine, (flags & BITNET_RAW_PROMPTS) != 0};
  if (context == nullptr) {
    bitnet_engine_destroy(engine);
    bitnet::SetError(&bitnet::last_error, BITNET_RESOURCE_EXHAUSTED, "out of memory");
  }
  return context;
}

void bitnet_free_context(bitnet_context* context) {
  if (context != nullptr) {
    bitnet_engine_destroy(context->engine);
    delete context;
  }
}

int bitnet_eval(bitnet_context* context, const char* prompt, char* out, size_t n) {
  size_t length = 0;
  const bitnet_code code = bitnet::Guard(&bitnet::last_error, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(length, bitnet::Eval(context, prompt, out, n));
    return absl::OkStatus();
  });
  if (code != BITNET_OK && out != nullptr && n > 0) {
    *out = '\0';
  }
  return code == BITNET_OK ? static_cast<int>(length) : -static_cast<int>(code);
}

const char* bitnet_last_error() { return bitnet::last_error.message; }

}  // extern "C"

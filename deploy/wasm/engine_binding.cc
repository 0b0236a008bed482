// The C library as JavaScript sees it: a Model, and an Answer that is read piece by piece. Failures are
// thrown as JavaScript's Error. What waits blocks its thread, so a page calls all of it in a worker
// (page/engine.js).
#include <bitnet/bitnet.h>
#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using emscripten::val;

// Calls `function` with the arguments and an error behind them, which is thrown.
template <typename Function, typename... Arguments>
void Call(Function function, Arguments... arguments) {
  bitnet_error error;
  if (function(arguments..., &error) != BITNET_OK) {
    val::global("Error").new_(std::string(bitnet_code_name(error.code)) + ": " + error.message).throw_();
  }
}

struct Destroy {
  void operator()(bitnet_engine* engine) const { bitnet_engine_destroy(engine); }
  void operator()(bitnet_generation* generation) const { bitnet_generation_destroy(generation); }
};

class Answer {
 public:
  explicit Answer(bitnet_generation* generation) : generation_(generation) {}

  // {text, done}: what there is to show now. Waits until a token is there.
  val Next() {
    bitnet_event event;
    bitnet_event_init(&event);
    Call(bitnet_generation_next, generation_.get(), int64_t{BITNET_WAIT_FOREVER}, &event);
    val piece = val::object();
    piece.set("text", std::string(event.text, event.text_bytes));
    piece.set("done", event.finish != BITNET_UNFINISHED);
    return piece;
  }

  // The next piece is the last one.
  void Cancel() { bitnet_generation_cancel(generation_.get()); }

  // {promptTokens, generatedTokens, prefillSeconds, decodeSeconds}, once the last piece was read.
  val Usage() const {
    bitnet_usage usage;
    bitnet_usage_init(&usage);
    Call(bitnet_generation_usage, generation_.get(), &usage);
    val object = val::object();
    object.set("promptTokens", usage.prompt_tokens);
    object.set("generatedTokens", usage.generated_tokens);
    object.set("prefillSeconds", usage.prefill_seconds);
    object.set("decodeSeconds", usage.decode_seconds);
    return object;
  }

 private:
  std::unique_ptr<bitnet_generation, Destroy> generation_;
};

class Model {
 public:
  // A file of the module's file system.
  Model(const std::string& path, int num_threads) {
    bitnet_engine_options options;
    bitnet_engine_options_init(&options);
    options.num_threads = num_threads;
    options.max_sequences = 1;
    // Mapping is reading, too, in Emscripten's file system.
    options.flags = BITNET_NO_MMAP;
    bitnet_engine* engine = nullptr;
    Call(bitnet_engine_create, path.c_str(), &options, &engine);
    engine_.reset(engine);
  }

  // {name, architecture, isa, parameters, threads}
  val Info() const {
    const bitnet_model_info info = ModelInfo();
    val object = val::object();
    object.set("name", std::string(info.name));
    object.set("architecture", std::string(info.architecture));
    object.set("isa", std::string(info.isa));
    object.set("parameters", static_cast<double>(info.num_parameters));
    object.set("threads", info.num_threads);
    return object;
  }

  // The answer to one message of a user; temperature 0 is the likeliest token, always.
  Answer Ask(const std::string& question, int max_tokens, float temperature, uint32_t seed) const {
    const std::vector<int32_t> prompt = Prompt(question);
    bitnet_generation_options options;
    bitnet_generation_options_init(&options);
    options.max_tokens = max_tokens;
    options.temperature = temperature;
    options.seed = seed;
    bitnet_generation* generation = nullptr;
    Call(bitnet_generation_create, engine_.get(), prompt.data(), prompt.size(), &options, &generation);
    return Answer(generation);
  }

 private:
  bitnet_model_info ModelInfo() const {
    bitnet_model_info info;
    bitnet_model_info_init(&info);
    Call(bitnet_engine_model_info, engine_.get(), &info);
    return info;
  }

  // By the model's chat template, if it has one.
  std::vector<int32_t> Prompt(const std::string& question) const {
    const bool has_chat_template = ModelInfo().has_chat_template != 0;
    bitnet_chat_message message;
    bitnet_chat_message_init(&message);
    message.role = "user";
    message.content = question.c_str();
    const auto tokenize = [&](int32_t* tokens, size_t capacity) {
      size_t length = 0;
      if (has_chat_template) {
        Call(bitnet_chat_tokenize, engine_.get(), &message, size_t{1},
             static_cast<const bitnet_chat_options*>(nullptr), tokens, capacity, &length);
      } else {
        Call(bitnet_tokenize, engine_.get(), question.data(), question.size(), BITNET_ADD_BOS, tokens,
             capacity, &length);
      }
      return length;
    };
    std::vector<int32_t> tokens(tokenize(nullptr, 0));
    tokenize(tokens.data(), tokens.size());
    return tokens;
  }

  std::unique_ptr<bitnet_engine, Destroy> engine_;
};

EMSCRIPTEN_BINDINGS(bitnet) {
  emscripten::class_<Answer>("Answer")
      .function("next", &Answer::Next)
      .function("cancel", &Answer::Cancel)
      .function("usage", &Answer::Usage);
  emscripten::class_<Model>("Model")
      .constructor<const std::string&, int>()
      .function("info", &Model::Info)
      .function("ask", &Model::Ask);
  emscripten::function(
      "version", +[] { return std::string(bitnet_version()); });
}

}  // namespace

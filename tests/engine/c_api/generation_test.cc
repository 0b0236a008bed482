// Answers through the C interface: read, called back, several at once.
#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/c_api/library_fixture.h"

namespace bitnet {
namespace {

class LibraryGenerationTest : public LibraryTest {
 protected:
  static bitnet_generation_options Tokens(int32_t n) {
    bitnet_generation_options options = NewGenerationOptions();
    options.max_tokens = n;
    options.flags = BITNET_IGNORE_EOS;
    return options;
  }
  ReadAnswer Answer(const std::vector<int32_t>& prompt, const bitnet_generation_options& options) const {
    return ReadToEnd(NewGeneration(engine_.get(), prompt, options).get());
  }
  testing::AssertionResult CreateFails(const bitnet_generation_options& options, bitnet_code code,
                                       const std::string& part) const {
    const std::vector<int32_t> prompt = Prompt(3);
    bitnet_generation* generation = nullptr;
    bitnet_error error;
    const bitnet_code got =
        bitnet_generation_create(engine_.get(), prompt.data(), 3, &options, &generation, &error);
    EXPECT_EQ(generation, nullptr);
    return Fails(got, error, code, part);
  }

  const EngineHandle engine_ = NewEngine();
};

TEST_F(LibraryGenerationTest, StreamsTokensAndTheirText) {
  const ReadAnswer answer = Answer(Prompt(9), Tokens(40));
  EXPECT_EQ(answer.tokens.size(), 40u);
  EXPECT_EQ(answer.finish, BITNET_FINISH_LENGTH);
  std::vector<char> text(1000);
  ASSERT_EQ(
      bitnet_detokenize(engine_.get(), answer.tokens.data(), 40, text.data(), text.size(), nullptr, nullptr),
      BITNET_OK);
  EXPECT_EQ(answer.text, text.data());
}

TEST_F(LibraryGenerationTest, RepeatsTheEndAndTellsUsage) {
  const GenerationHandle generation = NewGeneration(engine_.get(), Prompt(9), Tokens(4));
  bitnet_usage usage = Initialized(bitnet_usage_init);
  bitnet_error error;
  EXPECT_TRUE(Fails(bitnet_generation_usage(generation.get(), &usage, &error), error,
                    BITNET_FAILED_PRECONDITION, "has not been read"));
  ReadToEnd(generation.get());
  bitnet_event event = NewEvent();
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(bitnet_generation_next(generation.get(), 0, &event, nullptr), BITNET_OK);
    EXPECT_EQ(event.finish, BITNET_FINISH_LENGTH);
    EXPECT_STREQ(event.text, "");
  }
  ASSERT_EQ(bitnet_generation_usage(generation.get(), &usage, nullptr), BITNET_OK);
  EXPECT_EQ(usage.prompt_tokens, 9);
  EXPECT_EQ(usage.generated_tokens, 4);
  EXPECT_GT(usage.prefill_seconds, 0);
  EXPECT_GT(usage.decode_seconds, 0);
}

TEST_F(LibraryGenerationTest, CallsBackWithTheSameEvents) {
  const ReadAnswer read = Answer(Prompt(9), Tokens(20));
  ReadAnswer called;
  const auto callback = [](void* user, const bitnet_event* event) {
    auto& answer = *static_cast<ReadAnswer*>(user);
    answer.text += event->text;
    answer.finish = event->finish;
    if (event->finish == BITNET_UNFINISHED) {
      answer.tokens.push_back(event->token);
    }
    return true;
  };
  const GenerationHandle generation = NewGeneration(engine_.get(), Prompt(9), Tokens(20));
  ASSERT_EQ(bitnet_generation_run(generation.get(), callback, &called, nullptr), BITNET_OK);
  EXPECT_EQ(called.tokens, read.tokens);
  EXPECT_EQ(called.text, read.text);
  EXPECT_EQ(called.finish, BITNET_FINISH_LENGTH);
}

TEST_F(LibraryGenerationTest, EndsWhenTheCallbackHasEnough) {
  int calls = 0;
  const auto callback = [](void* user, const bitnet_event*) { return ++*static_cast<int*>(user) < 3; };
  const GenerationHandle generation = NewGeneration(engine_.get(), Prompt(9), Tokens(200));
  bitnet_error error;
  EXPECT_TRUE(Fails(bitnet_generation_run(generation.get(), callback, &calls, &error), error,
                    BITNET_CANCELLED, "returned false"));
  EXPECT_EQ(calls, 3);
}

TEST_F(LibraryGenerationTest, LetsNoExceptionOfACallbackOut) {
  const auto callback = [](void*, const bitnet_event*) -> bool { throw std::runtime_error("oh no"); };
  const GenerationHandle generation = NewGeneration(engine_.get(), Prompt(9), Tokens(20));
  bitnet_error error;
  EXPECT_TRUE(Fails(bitnet_generation_run(generation.get(), callback, nullptr, &error), error,
                    BITNET_INTERNAL, "oh no"));
}

TEST_F(LibraryGenerationTest, EndsBeforeAStopText) {
  const ReadAnswer whole = Answer(Prompt(9), Tokens(60));
  const size_t half = whole.text.size() / 2;
  const std::string stop = whole.text.substr(half, 4);
  const char* const stops[] = {"not in there", stop.c_str()};
  bitnet_generation_options options = Tokens(60);
  options.stops = stops;
  options.num_stops = 2;
  const ReadAnswer stopped = Answer(Prompt(9), options);
  EXPECT_EQ(stopped.finish, BITNET_FINISH_STOP);
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_LT(stopped.tokens.size(), whole.tokens.size());
}

TEST_F(LibraryGenerationTest, EndsWithAStopToken) {
  const ReadAnswer whole = Answer(Prompt(9), Tokens(30));
  const int32_t stop = whole.tokens[10];
  bitnet_generation_options options = Tokens(30);
  options.stop_tokens = &stop;
  options.num_stop_tokens = 1;
  const ReadAnswer stopped = Answer(Prompt(9), options);
  EXPECT_EQ(stopped.finish, BITNET_FINISH_END);
  const auto end = std::ranges::find(whole.tokens, stop);
  EXPECT_EQ(stopped.tokens, std::vector<int32_t>(whole.tokens.begin(), end));
}

TEST_F(LibraryGenerationTest, SamplesAsItIsTold) {
  bitnet_generation_options options = Tokens(30);
  options.temperature = 1;
  options.seed = 5;
  const ReadAnswer first = Answer(Prompt(9), options);
  EXPECT_EQ(Answer(Prompt(9), options).tokens, first.tokens);
  options.seed = 6;
  EXPECT_NE(Answer(Prompt(9), options).tokens, first.tokens);
  options.top_k = 1;
  const ReadAnswer greedy = Answer(Prompt(9), Tokens(30));
  EXPECT_EQ(Answer(Prompt(9), options).tokens, greedy.tokens);
  options.top_k = 0;
  options.top_p = 1e-6f;
  EXPECT_EQ(Answer(Prompt(9), options).tokens, greedy.tokens);
  options.top_p = 0;
  options.min_p = 1;
  EXPECT_EQ(Answer(Prompt(9), options).tokens, greedy.tokens);
  for (float bitnet_generation_options::*penalty :
       {&bitnet_generation_options::repetition_penalty, &bitnet_generation_options::presence_penalty,
        &bitnet_generation_options::frequency_penalty}) {
    options = Tokens(200);
    options.*penalty = 1.9f;
    EXPECT_NE(Answer(Prompt(9), options).tokens, Answer(Prompt(9), Tokens(200)).tokens);
  }
}

TEST_F(LibraryGenerationTest, GivesLogprobsAndLogits) {
  bitnet_generation_options options = Tokens(5);
  options.flags |= BITNET_LOGPROBS | BITNET_LOGITS;
  options.top_logprobs = 3;
  const GenerationHandle generation = NewGeneration(engine_.get(), Prompt(9), options);
  bitnet_event event = NewEvent();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(bitnet_generation_next(generation.get(), BITNET_WAIT_FOREVER, &event, nullptr), BITNET_OK);
    ASSERT_EQ(event.num_logits, 512u);
    double sum = 0;
    for (size_t token = 0; token < event.num_logits; ++token) {
      sum += std::exp(static_cast<double>(event.logits[token]));
    }
    ASSERT_EQ(event.num_top_logprobs, 3u);
    EXPECT_EQ(event.top_logprobs[0].token, event.token);
    EXPECT_EQ(event.top_logprobs[0].logprob, event.logprob);
    for (size_t rank = 0; rank < 3; ++rank) {
      const auto [token, logprob] = event.top_logprobs[rank];
      EXPECT_NEAR(logprob, event.logits[token] - std::log(sum), 1e-5);  // Floats around -6 and 4.
    }
  }
  ASSERT_EQ(bitnet_generation_next(generation.get(), BITNET_WAIT_FOREVER, &event, nullptr), BITNET_OK);
  EXPECT_EQ(event.logits, nullptr);
  EXPECT_EQ(event.num_top_logprobs, 0u);
}

TEST_F(LibraryGenerationTest, KeepsAnAnswerToItsConstraint) {
  bitnet_generation_options options = NewGenerationOptions();
  options.constraint = BITNET_CONSTRAINT_REGEX;
  options.constraint_text = "(yes|no) [0-9]{3}";
  const ReadAnswer answer = Answer(Prompt(9), options);
  EXPECT_EQ(answer.finish, BITNET_FINISH_END);
  EXPECT_TRUE(answer.text.substr(0, 4) == "yes " || answer.text.substr(0, 3) == "no ") << answer.text;
  options.constraint_text = "(";
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, ""));
  options.constraint_text = nullptr;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "constraint_text is NULL"));
  options.constraint = BITNET_CONSTRAINT_JSON_OBJECT;
  EXPECT_EQ(Answer(Prompt(9), options).text.front(), '{');
  options.constraint_text = "{}";
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "constraint_text is set"));
}

TEST_F(LibraryGenerationTest, UsesAdapters) {
  const std::string path = files_.File("adapter.gguf");
  ModelConfig config = (*ReadModelConfig(**ModelFile::Open(ModelPath(), FileAccess::kRead)));
  files_.Write("adapter.gguf", RandomAdapterFile(config, 8, 1, 2));
  bitnet_error error;
  ASSERT_EQ(bitnet_adapter_load(engine_.get(), "poet", path.c_str(), &error), BITNET_OK) << error.message;
  EXPECT_TRUE(Fails(bitnet_adapter_load(engine_.get(), "poet", path.c_str(), &error), error,
                    BITNET_ALREADY_EXISTS, "poet"));
  const ReadAnswer plain = Answer(Prompt(9), Tokens(10));
  bitnet_adapter_use use = {"poet", 1, 0};
  bitnet_generation_options options = Tokens(10);
  options.adapters = &use;
  options.num_adapters = 1;
  EXPECT_NE(Answer(Prompt(9), options).tokens, plain.tokens);
  use.scale = 0;
  EXPECT_EQ(Answer(Prompt(9), options).tokens, plain.tokens);
  use.name = nullptr;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "adapters[0].name is NULL"));
  use = {"poet", 1, 1};
  EXPECT_TRUE(CreateFails(options, BITNET_UNIMPLEMENTED, "reserved is 1"));
  ASSERT_EQ(bitnet_adapter_unload(engine_.get(), "poet", nullptr), BITNET_OK);
  use = {"poet", 1, 0};
  EXPECT_TRUE(CreateFails(options, BITNET_NOT_FOUND, "poet"));
  EXPECT_TRUE(Fails(bitnet_adapter_unload(engine_.get(), "poet", &error), error, BITNET_NOT_FOUND, "poet"));
  EXPECT_TRUE(Fails(bitnet_adapter_load(engine_.get(), nullptr, "a", &error), error, BITNET_INVALID_ARGUMENT,
                    "name is NULL"));
  EXPECT_TRUE(Fails(bitnet_adapter_load(engine_.get(), "a", nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "path is NULL"));
  EXPECT_TRUE(Fails(bitnet_adapter_load(nullptr, "a", "b", &error), error, BITNET_INVALID_ARGUMENT,
                    "engine is NULL"));
  EXPECT_TRUE(
      Fails(bitnet_adapter_unload(nullptr, "a", &error), error, BITNET_INVALID_ARGUMENT, "engine is NULL"));
  EXPECT_TRUE(Fails(bitnet_adapter_unload(engine_.get(), nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "name is NULL"));
}

TEST_F(LibraryGenerationTest, AnswersManyAtOnceAsOneByOne) {
  constexpr int kNum = 40;
  std::vector<ReadAnswer> alone;
  for (int i = 0; i < kNum; ++i) {
    alone.push_back(Answer(Prompt(3 + i, i), Tokens(10 + i % 7)));
  }
  std::vector<GenerationHandle> generations;
  for (int i = 0; i < kNum; ++i) {
    generations.push_back(NewGeneration(engine_.get(), Prompt(3 + i, i), Tokens(10 + i % 7)));
  }
  std::vector<std::thread> readers;
  for (int first = 0; first < 4; ++first) {
    readers.emplace_back([&, first] {
      for (int i = kNum - 1 - first; i >= 0; i -= 4) {
        EXPECT_EQ(ReadToEnd(generations[i].get()).tokens, alone[i].tokens);
      }
    });
  }
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST_F(LibraryGenerationTest, NamesTheOptionThatIsWrong) {
  bitnet_generation_options options = NewGenerationOptions();
  options.temperature = -1;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "temperature is -1"));
  options = NewGenerationOptions();
  options.max_tokens = -1;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "max_tokens is -1"));
  options = NewGenerationOptions();
  options.top_logprobs = -1;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "top_logprobs is -1"));
  options = NewGenerationOptions();
  const char* stops[] = {"a", ""};
  options.stops = stops;
  options.num_stops = 2;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "stops[1] is empty"));
  stops[0] = nullptr;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "stops[0] is NULL"));
  options.stops = nullptr;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "stops is NULL"));
  options = NewGenerationOptions();
  options.num_stop_tokens = 1;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "stop_tokens is NULL"));
  options = NewGenerationOptions();
  options.num_adapters = 1;
  EXPECT_TRUE(CreateFails(options, BITNET_INVALID_ARGUMENT, "adapters is NULL"));
}

TEST_F(LibraryGenerationTest, RefusesWhatItDoesNotKnow) {
  bitnet_generation_options options = NewGenerationOptions();
  options.flags = 8;
  EXPECT_TRUE(CreateFails(options, BITNET_UNIMPLEMENTED, "0x8"));
  options = NewGenerationOptions();
  options.priority = static_cast<bitnet_priority>(3);
  EXPECT_TRUE(CreateFails(options, BITNET_UNIMPLEMENTED, "priority is 3"));
  options = NewGenerationOptions();
  options.constraint = static_cast<bitnet_constraint>(5);
  EXPECT_TRUE(CreateFails(options, BITNET_UNIMPLEMENTED, "constraint is 5"));
  options = NewGenerationOptions();
  options.reserved = 1;
  EXPECT_TRUE(CreateFails(options, BITNET_UNIMPLEMENTED, "reserved is 1"));
}

TEST_F(LibraryGenerationTest, ToleratesNull) {
  const int32_t token = 1;
  bitnet_generation* generation = nullptr;
  bitnet_event event = NewEvent();
  bitnet_usage usage = Initialized(bitnet_usage_init);
  bitnet_error error;
  EXPECT_TRUE(Fails(bitnet_generation_create(nullptr, &token, 1, nullptr, &generation, &error), error,
                    BITNET_INVALID_ARGUMENT, "engine is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_create(engine_.get(), &token, 1, nullptr, nullptr, &error), error,
                    BITNET_INVALID_ARGUMENT, "generation is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_create(engine_.get(), nullptr, 1, nullptr, &generation, &error), error,
                    BITNET_INVALID_ARGUMENT, "prompt is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_create(engine_.get(), nullptr, 0, nullptr, &generation, &error), error,
                    BITNET_INVALID_ARGUMENT, "prompt has no tokens"));
  EXPECT_TRUE(Fails(bitnet_generation_next(nullptr, 0, &event, &error), error, BITNET_INVALID_ARGUMENT,
                    "generation is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_usage(nullptr, &usage, &error), error, BITNET_INVALID_ARGUMENT,
                    "generation is NULL"));
  const auto callback = [](void*, const bitnet_event*) { return true; };
  EXPECT_TRUE(Fails(bitnet_generation_run(nullptr, callback, nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "generation is NULL"));
  const GenerationHandle real = NewGeneration(engine_.get(), Prompt(3), Tokens(3));
  EXPECT_TRUE(Fails(bitnet_generation_next(real.get(), 0, nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "event is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_run(real.get(), nullptr, nullptr, &error), error,
                    BITNET_INVALID_ARGUMENT, "callback is NULL"));
  EXPECT_TRUE(Fails(bitnet_generation_usage(real.get(), nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "usage is NULL"));
  bitnet_event unfilled = NewEvent();
  unfilled.struct_size = 0;
  EXPECT_TRUE(Fails(bitnet_generation_next(real.get(), -1, &unfilled, &error), error, BITNET_INVALID_ARGUMENT,
                    "bitnet_event_init"));
  EXPECT_EQ(ReadToEnd(real.get()).tokens.size(), 3u) << "a call that failed has lost nothing";
  bitnet_generation_cancel(nullptr);
  bitnet_generation_destroy(nullptr);
}

}  // namespace
}  // namespace bitnet

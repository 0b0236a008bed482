#include "engine/engine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <numeric>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/engine/random_model.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/same_tokens.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class EngineTest : public testing::Test {
 protected:
  // The random model is written once for all tests of this program; the name is the process's own.
  static void SetUpTestSuite() {
    path_ = new std::string(testing::TempDir() + "engine_test_" + std::to_string(::getpid()) + ".gguf");
    ASSERT_TRUE(WriteRandomModel(RandomModelShape(), *path_).ok());
  }
  static void TearDownTestSuite() {
    std::remove(path_->c_str());
    delete path_;
  }

  static std::unique_ptr<Engine> MakeEngine(const EngineOptions& options = {}) {
    auto engine = Engine::Create(*path_, options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  static std::string* path_;
};
std::string* EngineTest::path_ = nullptr;

GenerationRequest MakeRequest(int i) {
  return {.prompt = RandomTokens(3 + 5 * i, RandomModelShape().vocab_size, i),
          .sampling = {.temperature = 0.8f, .top_p = 0.9f, .seed = static_cast<uint64_t>(i)},
          .max_tokens = 10 + i};
}

TEST_F(EngineTest, DescribesTheModel) {
  const auto engine = MakeEngine({.num_threads = 3});
  EXPECT_EQ(engine->config().hidden_dim, 256u);
  EXPECT_EQ(engine->config().name, "random");
  EXPECT_EQ(engine->tokenizer().vocab_size(), 512u);
  EXPECT_EQ(engine->num_threads(), 3);
  EXPECT_EQ(engine->isa(), BestIsa(DetectCpuFeatures()).name);
  const std::vector<RandomTensor> tensors = RandomModelTensors(RandomModelShape());
  EXPECT_EQ(engine->num_parameters(),
            std::accumulate(tensors.begin(), tensors.end(), uint64_t{0},
                            [](uint64_t sum, const RandomTensor& t) { return sum + t.num_elements(); }));
  EXPECT_EQ(engine->file_bytes(), RandomModel(RandomModelShape()).size());
}

TEST_F(EngineTest, ChoosesTheNumberOfThreadsByTrials) {
  const auto engine = MakeEngine({.num_threads = kAutoThreads});
  const std::vector<ThreadTrial> trials = engine->thread_trials();
  ASSERT_FALSE(trials.empty());
  EXPECT_EQ(engine->num_threads(), FastestThreads(trials));
  EXPECT_TRUE(MakeEngine({.num_threads = 2})->thread_trials().empty());
}

TEST_F(EngineTest, KeepsItsWeightsInMemory) {
  const auto engine = MakeEngine({.lock_memory = true});
  const MemoryLockReport lock = engine->memory_lock();
  // Where limits are below a small model, it is told.
  EXPECT_TRUE(lock.bytes == engine->cost().layer_bytes + engine->cost().head_bytes || !lock.problem.empty())
      << lock.bytes;
  EXPECT_EQ(MakeEngine({})->memory_lock().bytes, 0U);
}

TEST_F(EngineTest, GeneratesForNoMoreThanItsLimitAtOnce) {
  const auto engine = MakeEngine({.max_sequences = 4});
  EXPECT_EQ(engine->stats().max_sequences, 4);
  EXPECT_EQ(engine->stats().sequence_limit, 4);
  engine->LimitSequences(1);
  EXPECT_EQ(engine->stats().sequence_limit, 1);
  std::deque<RecordingSink> sinks(4);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(engine->Submit(MakeRequest(i), &sinks[i]).ok());
  }
  for (const RecordingSink& sink : sinks) {
    sink.Wait();
  }
  engine->LimitSequences(0);  // At least one.
  EXPECT_EQ(engine->stats().sequence_limit, 1);
  engine->LimitSequences(100);
  const EngineStats stats = engine->stats();
  EXPECT_EQ(stats.sequence_limit, 4);
  uint64_t steps = 0;
  for (const uint64_t bucket : stats.batch_size_buckets) {
    steps += bucket;
  }
  EXPECT_EQ(stats.batch_size_sum, static_cast<double>(steps));  // One in each.
}

TEST_F(EngineTest, StreamsTokens) {
  const auto engine = MakeEngine();
  RecordingSink sink;
  const auto id = engine->Submit(MakeRequest(4), &sink);
  ASSERT_TRUE(id.ok()) << id.status();
  sink.Wait();
  EXPECT_EQ(sink.usage().prompt_tokens, 23);
  EXPECT_EQ(sink.usage().generated_tokens, static_cast<int>(sink.ids().size()));
  EXPECT_GE(sink.usage().queue_time, absl::ZeroDuration());
  EXPECT_GT(sink.usage().prefill_time, absl::ZeroDuration());
}

TEST_F(EngineTest, EmbedsAsTheModelSaysUnlessItIsToldHow) {
  const auto engine = MakeEngine();
  ASSERT_EQ(engine->config().pooling, Pooling::kLast);
  std::deque<RecordingSink> sinks(3);
  const Pooling poolings[] = {Pooling::kOfModel, Pooling::kLast, Pooling::kMean};
  for (size_t i = 0; i < sinks.size(); ++i) {
    GenerationRequest request = MakeRequest(4);
    request.embed = poolings[i];
    ASSERT_TRUE(engine->Submit(request, &sinks[i]).ok());
    sinks[i].Wait();
    EXPECT_EQ(sinks[i].reason(), FinishReason::kEmbedded);
    EXPECT_EQ(sinks[i].embedding().size(), engine->config().hidden_dim);
  }
  EXPECT_EQ(sinks[0].embedding(), sinks[1].embedding());
  EXPECT_NE(sinks[0].embedding(), sinks[2].embedding());
}

TEST_F(EngineTest, GivesEveryCallerItsOwnAnswerWhateverRunsBeside) {
  constexpr int kThreads = 6;
  constexpr int kRequests = 18;
  std::vector<std::vector<int32_t>> alone(kRequests);
  {
    const auto engine = MakeEngine({.num_threads = 1, .cpu_features = kNoFeatures, .max_sequences = 1});
    for (int i = 0; i < kRequests; ++i) {
      RecordingSink sink;
      ASSERT_TRUE(engine->Submit(MakeRequest(i), &sink).ok());
      sink.Wait();
      alone[i] = sink.ids();
    }
  }
  const auto engine = MakeEngine({.num_threads = 2, .chunk_size = 32, .max_sequences = 5});
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kThreads; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = caller; i < kRequests; i += kThreads) {
        RecordingSink sink;
        ASSERT_TRUE(engine->Submit(MakeRequest(i), &sink).ok());
        sink.Wait();
        EXPECT_EQ(sink.ids(), alone[i]) << "request " << i;
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST_F(EngineTest, GivesTheSameAnswerWithChunksOfAnySize) {
  GenerationRequest request = {.prompt = RandomTokens(100, RandomModelShape().vocab_size, 6),
                               .sampling = {.temperature = 0.8f, .seed = 3},
                               .max_tokens = 30,
                               .num_logprobs = 2};
  const auto whole = MakeEngine({.num_threads = 1});
  RecordingSink expected;
  ASSERT_TRUE(whole->Submit(request, &expected).ok());
  expected.Wait();
  for (int chunk_size : {1, 2, 3, 16, 99, 100, 101, kMaxChunkSize}) {
    const auto engine = MakeEngine({.num_threads = 1, .chunk_size = chunk_size});
    RecordingSink sink;
    ASSERT_TRUE(engine->Submit(request, &sink).ok());
    sink.Wait();
    ASSERT_EQ(sink.ids(), expected.ids()) << chunk_size;
    for (size_t i = 0; i < sink.tokens().size(); ++i) {
      EXPECT_EQ(sink.tokens()[i].logprob, expected.tokens()[i].logprob) << chunk_size;
    }
  }
}

TEST_F(EngineTest, GuessesTokensUnlessToldNotTo) {
  GenerationRequest request = {.max_tokens = 60, .ignore_eos = true};
  for (int i = 0; i < 5; ++i) {
    const std::vector<int32_t> phrase = RandomTokens(10, RandomModelShape().vocab_size, 1);
    request.prompt.insert(request.prompt.end(), phrase.begin(), phrase.end());
  }
  std::vector<std::vector<int32_t>> outputs;
  for (const Speculation speculation : {Speculation::kOff, Speculation::kPromptLookup}) {
    RecordingSink sink;
    {
      const auto engine = MakeEngine({.num_threads = 1, .speculation = speculation});
      ASSERT_TRUE(engine->Submit(request, &sink).ok());
      sink.Wait();
      const bool guesses = speculation != Speculation::kOff;
      EXPECT_EQ(engine->stats().drafted_tokens > 0, guesses);
      EXPECT_EQ(engine->stats().accepted_tokens > 0, guesses);
    }
    outputs.push_back(sink.ids());
  }
  EXPECT_EQ(outputs[0], outputs[1]);
}

TEST_F(EngineTest, ScreensTheHeadWithoutChangingAnAnswer) {
  const auto whole = MakeEngine({.weights = {.head = HeadFormat::kAsFile}});
  const auto screened = MakeEngine({.weights = {.head = HeadFormat::kExact}});
  GenerationRequest greedy = MakeRequest(1);
  greedy.sampling = {};
  greedy.min_tokens = 5;
  GenerationRequest sampled = MakeRequest(2);
  sampled.sampling.top_k = 20;
  for (const GenerationRequest& request : {greedy, sampled}) {
    RecordingSink want, got;
    ASSERT_TRUE(whole->Submit(request, &want).ok());
    ASSERT_TRUE(screened->Submit(request, &got).ok());
    want.Wait();
    got.Wait();
    EXPECT_EQ(got.ids(), want.ids());
  }
  RecordingSink unlimited;  // Needs all of the head.
  ASSERT_TRUE(screened->Submit(MakeRequest(3), &unlimited).ok());
  unlimited.Wait();
  const ScreeningStats stats = screened->stats().screening;
  EXPECT_EQ(stats.positions, static_cast<uint64_t>(greedy.max_tokens + sampled.max_tokens));
  EXPECT_LT(stats.rows, stats.positions * screened->config().vocab_size);
}

TEST_F(EngineTest, ReadsWhatItKnowsOnlyOnceUnlessToldNotTo) {
  const GenerationRequest request = {.prompt = RandomTokens(70, RandomModelShape().vocab_size, 1),
                                     .sampling = {.temperature = 0.8f, .seed = 1},
                                     .max_tokens = 20,
                                     .ignore_eos = true,
                                     .num_logprobs = 5};
  std::deque<RecordingSink> sinks(4);
  for (size_t i = 0; i < sinks.size(); i += 2) {
    const bool prefix_cache = i == 0;
    const auto engine = MakeEngine({.num_threads = 1, .prefix_cache = prefix_cache});
    for (size_t j = i; j < i + 2; ++j) {
      ASSERT_TRUE(engine->Submit(request, &sinks[j]).ok());
      sinks[j].Wait();
    }
    EXPECT_EQ(sinks[i].usage().cached_tokens, 0);
    EXPECT_EQ(sinks[i + 1].usage().cached_tokens, prefix_cache ? 64 : 0);
    const EngineStats stats = engine->stats();
    EXPECT_EQ(stats.prefix_query_tokens, prefix_cache ? 140u : 0u);
    EXPECT_EQ(stats.prefix_hit_tokens, prefix_cache ? 64u : 0u);
  }
  for (const RecordingSink& sink : sinks) {
    ExpectSameTokens(sink, sinks[0]);
  }
}

TEST_F(EngineTest, SetsGenerationsBackWhenTheCacheIsFull) {
  std::deque<RecordingSink> sinks(4);
  std::vector<std::vector<int32_t>> alone;
  const auto request = [](int i) {
    return GenerationRequest{
        .prompt = RandomTokens(16, RandomModelShape().vocab_size, i), .max_tokens = 60, .ignore_eos = true};
  };
  const auto engine = MakeEngine({.num_threads = 1, .kv_cache_tokens = 112});
  for (int i = 0; i < 4; ++i) {
    RecordingSink sink;
    ASSERT_TRUE(engine->Submit(request(i), &sink).ok());
    sink.Wait();
    alone.push_back(sink.ids());
  }
  EXPECT_EQ(engine->stats().preemptions, 0u);
  // Held in its first step until all are there.
  absl::Notification go_on;
  sinks[0].on_token = [&](const GeneratedToken& token) {
    if (token.index == 0) {
      go_on.WaitForNotification();
    }
  };
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(engine->Submit(request(i), &sinks[i]).ok());
  }
  go_on.Notify();
  for (int i = 0; i < 4; ++i) {
    sinks[i].Wait();
    EXPECT_EQ(sinks[i].ids(), alone[i]);
  }
  EXPECT_GT(engine->stats().preemptions, 0u);
}

TEST_F(EngineTest, CancelEndsAGeneration) {
  const auto engine = MakeEngine();
  RecordingSink sink;
  absl::Notification started;
  absl::Notification cancelled;
  // Holds the engine's thread in its first token until Cancel was called, so that at most one step follows.
  sink.on_token = [&](const GeneratedToken& token) {
    if (token.index == 0) {
      started.Notify();
      cancelled.WaitForNotification();
    }
  };
  const auto id = engine->Submit({.prompt = {1, 2, 3}, .ignore_eos = true}, &sink);
  ASSERT_TRUE(id.ok());
  started.WaitForNotification();
  engine->Cancel(*id);
  cancelled.Notify();
  sink.Wait();
  EXPECT_EQ(sink.reason(), FinishReason::kCancelled);
  EXPECT_EQ(sink.ids().size(), 1u);
  engine->Cancel(*id);  // Finished: no effect.
}

TEST_F(EngineTest, RefusesWhenTooManyWait) {
  std::deque<RecordingSink> sinks(3);
  absl::Notification started;
  absl::Notification go_on;
  const auto engine = MakeEngine({.max_sequences = 1, .max_waiting = 2});
  sinks[0].on_token = [&](const GeneratedToken& token) {
    if (token.index == 0) {
      started.Notify();
      go_on.WaitForNotification();
    }
  };
  ASSERT_TRUE(engine->Submit(MakeRequest(1), &sinks[0]).ok());
  started.WaitForNotification();
  EXPECT_TRUE(engine->Submit(MakeRequest(2), &sinks[1]).ok());
  EXPECT_TRUE(engine->Submit(MakeRequest(3), &sinks[2]).ok());
  EXPECT_EQ(engine->stats().waiting, 2);
  RecordingSink refused;
  EXPECT_TRUE(IsError(engine->Submit(MakeRequest(4), &refused).status(), absl::StatusCode::kResourceExhausted,
                      "2 generations are waiting already"));
  go_on.Notify();
  sinks[0].Wait();
}

TEST_F(EngineTest, RefusesBadRequestsByName) {
  const auto engine = MakeEngine({.kv_cache_tokens = 64});
  RecordingSink sink;
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_TRUE(IsError(engine->Submit({}, &sink).status(), code, "prompt"));
  EXPECT_TRUE(IsError(engine->Submit({.prompt = {512}}, &sink).status(), code, "prompt[0] is 512"));
  EXPECT_TRUE(
      IsError(engine->Submit({.prompt = std::vector<int32_t>(65, 1)}, &sink).status(), code, "KV cache"));
}

TEST_F(EngineTest, FinishesEverySinkWhenDestroyed) {
  std::deque<RecordingSink> sinks(20);
  {
    const auto engine = MakeEngine({.max_sequences = 2});
    for (RecordingSink& sink : sinks) {
      ASSERT_TRUE(engine->Submit({.prompt = {1, 2, 3}, .ignore_eos = true}, &sink).ok());
    }
  }
  for (const RecordingSink& sink : sinks) {
    EXPECT_TRUE(sink.is_finished());
  }
  EXPECT_EQ(sinks.back().reason(), FinishReason::kCancelled);
}

TEST_F(EngineTest, CountsWhatItDoes) {
  const auto engine = MakeEngine({.num_threads = 1, .chunk_size = 16});
  EngineStats stats = engine->stats();
  EXPECT_EQ(stats.steps, 0u);
  EXPECT_EQ(stats.kv_blocks, 16 * 256 / 16);  // 16 sequences of the model's 256 positions, in blocks of 16.
  EXPECT_EQ(stats.kv_blocks_free, stats.kv_blocks);
  RecordingSink sink;
  absl::Notification started;
  absl::Notification go_on;
  sink.on_token = [&](const GeneratedToken& token) {
    if (token.index == 5) {
      started.Notify();
      go_on.WaitForNotification();
    }
  };
  ASSERT_TRUE(
      engine->Submit({.prompt = RandomTokens(40, 512, 1), .max_tokens = 8, .ignore_eos = true}, &sink).ok());
  started.WaitForNotification();
  stats = engine->stats();  // Seven steps are over: three of prefill, the last of which gave token 0.
  EXPECT_EQ(stats.steps, 7u);
  EXPECT_EQ(stats.prefill_tokens, 40u);
  EXPECT_EQ(stats.decode_tokens, 5u);
  EXPECT_EQ(stats.running, 1);
  EXPECT_EQ(stats.waiting, 0);
  EXPECT_EQ(stats.kv_blocks - stats.kv_blocks_free, 3);
  EXPECT_GT(stats.step_seconds_sum, 0);
  EXPECT_EQ(stats.step_seconds_buckets.size(), stats.step_seconds_bounds.size() + 1);
  EXPECT_EQ(
      std::accumulate(stats.step_seconds_buckets.begin(), stats.step_seconds_buckets.end(), uint64_t{0}), 7u);
  EXPECT_EQ(stats.batch_size_sum, 7);  // One sequence in each of them.
  EXPECT_EQ(stats.batch_size_buckets.front(), 7u);
  EXPECT_EQ(stats.batch_size_buckets.size(), stats.batch_size_bounds.size() + 1);
  go_on.Notify();
  sink.Wait();
}

TEST_F(EngineTest, ReadsAsWellAsMaps) {
  std::vector<std::vector<int32_t>> outputs;
  for (FileAccess access : {FileAccess::kMap, FileAccess::kRead}) {
    const auto engine = MakeEngine({.file_access = access});
    RecordingSink sink;
    ASSERT_TRUE(engine->Submit(MakeRequest(2), &sink).ok());
    sink.Wait();
    outputs.push_back(sink.ids());
  }
  EXPECT_EQ(outputs[0], outputs[1]);
}

TEST_F(EngineTest, SaysWhyItCannotStart) {
  EXPECT_TRUE(IsError(Engine::Create("/nonexistent.gguf", {}).status(), absl::StatusCode::kNotFound,
                      "/nonexistent.gguf"));
  EXPECT_TRUE(IsError(Engine::Create(*path_, {.chunk_size = 0}).status(), absl::StatusCode::kInvalidArgument,
                      "chunk_size is 0; it must be from 1 to 8192"));
  EXPECT_TRUE(IsError(Engine::Create(*path_, {.chunk_size = 8193}).status(),
                      absl::StatusCode::kInvalidArgument, "chunk_size is 8193"));
  EXPECT_TRUE(IsError(Engine::Create(*path_, {.max_draft = 65}).status(), absl::StatusCode::kInvalidArgument,
                      "max_draft is 65"));
  EXPECT_TRUE(IsError(Engine::Create(*path_, {.priority_ageing = absl::ZeroDuration()}).status(),
                      absl::StatusCode::kInvalidArgument, "priority_ageing is 0"));
}

}  // namespace
}  // namespace bitnet

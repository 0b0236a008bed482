// Guessing tokens changes nothing but the number of steps.
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/same_tokens.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

// What a run of some requests gave.
struct Outcome {
  std::deque<RecordingSink> sinks;
  size_t steps = 0;
  size_t decode_tokens = 0;
  size_t drafted_tokens = 0;
  size_t accepted_tokens = 0;
};

void RunRequests(const std::vector<GenerationRequest>& requests, const TinySchedulerOptions& options,
                 Outcome& run) {
  TinyScheduler tiny(options);
  run.sinks.resize(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    tiny.scheduler.Add(i, requests[i], &run.sinks[i]);
  }
  for (; !tiny.scheduler.idle(); ++run.steps) {
    const StepReport report = tiny.scheduler.Step();
    run.decode_tokens += report.decode_tokens;
    run.drafted_tokens += report.drafted_tokens;
    run.accepted_tokens += report.accepted_tokens;
  }
  EXPECT_EQ(tiny.cache.allocator().num_free(), tiny.cache.allocator().num_blocks());
}

// Runs the requests without guesses and with them, which must give the same. Returns the latter's numbers.
Outcome ExpectSame(const std::vector<GenerationRequest>& requests, TinySchedulerOptions options = {}) {
  Outcome plain;
  options.max_draft = 0;
  RunRequests(requests, options, plain);
  EXPECT_EQ(plain.drafted_tokens, 0u);
  Outcome sum;
  for (size_t max_draft : {1, 3, 8}) {
    Outcome guessed;
    options.max_draft = max_draft;
    RunRequests(requests, options, guessed);
    int drafted = 0;
    int accepted = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "request " << i << ", up to " << max_draft << " guesses");
      ExpectSameTokens(guessed.sinks[i], plain.sinks[i]);
      drafted += guessed.sinks[i].usage().drafted_tokens;
      accepted += guessed.sinks[i].usage().accepted_tokens;
    }
    EXPECT_EQ(guessed.decode_tokens, plain.decode_tokens);
    if (requests.size() == 1) {
      EXPECT_EQ(guessed.steps + guessed.accepted_tokens, plain.steps);
    }
    EXPECT_EQ(static_cast<size_t>(drafted), guessed.drafted_tokens);
    EXPECT_EQ(static_cast<size_t>(accepted), guessed.accepted_tokens);
    sum.steps += guessed.steps;
    sum.drafted_tokens += guessed.drafted_tokens;
    sum.accepted_tokens += guessed.accepted_tokens;
  }
  return sum;
}

// Twelve tokens again and again.
std::vector<int32_t> RepetitivePrompt(uint32_t seed) {
  const std::vector<int32_t> phrase = RandomTokens(12, RandomModelShape().vocab_size, seed);
  std::vector<int32_t> prompt;
  for (int i = 0; i < 4; ++i) {
    prompt.insert(prompt.end(), phrase.begin(), phrase.end());
  }
  return prompt;
}

// Of every kind: greedy and sampled, sharp and flat, penalised, with log-probabilities.
std::vector<GenerationRequest> MakeRequests() {
  std::vector<GenerationRequest> requests;
  for (const float temperature : {0.0F, 0.05F, 0.2F, 1.0F}) {
    for (uint32_t seed : {1, 2}) {
      GenerationRequest request = {.prompt = RepetitivePrompt(seed),
                                   .sampling = {.temperature = temperature, .top_p = 0.9F, .seed = seed},
                                   .max_tokens = 60};
      request.num_logprobs = seed == 1 ? 3 : -1;
      requests.push_back(request);
      request.prompt = RandomTokens(20 + seed, RandomModelShape().vocab_size, seed);
      request.sampling.frequency_penalty = seed == 1 ? 0 : 0.05F;
      requests.push_back(request);
    }
  }
  return requests;
}

// Says the same few tokens over and over, from the start.
GenerationRequest LoopingRequest() { return {.prompt = RepetitivePrompt(1), .max_tokens = 100}; }

TEST(SpeculationTest, ChangesNoAnswerOfOneSequence) {
  size_t drafted = 0;
  size_t accepted = 0;
  for (const GenerationRequest& request : MakeRequests()) {
    const Outcome run = ExpectSame({request});
    drafted += run.drafted_tokens;
    accepted += run.accepted_tokens;
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(drafted, accepted);
}

TEST(SpeculationTest, ChangesNoAnswerInBatches) {
  size_t accepted = 0;
  for (size_t chunk_size : {2, 64}) {
    for (int num_threads : {1, 3}) {
      std::vector<GenerationRequest> requests = MakeRequests();
      requests.resize(num_threads == 1 ? requests.size() : 6);
      accepted +=
          ExpectSame(
              requests,
              {.kv_blocks = 40, .chunk_size = chunk_size, .max_sequences = 5, .num_threads = num_threads})
              .accepted_tokens;
    }
  }
  EXPECT_GT(accepted, 0u);
}

TEST(SpeculationTest, SavesStepsWhereAnAnswerRepeatsItself) {
  Outcome run;
  RunRequests({LoopingRequest()}, {.max_draft = 8}, run);
  EXPECT_GT(run.accepted_tokens, 50u);
  EXPECT_EQ(run.decode_tokens, 100u);
  // Three steps of prefill, the last of which gives a token.
  EXPECT_EQ(run.steps, 2 + run.decode_tokens - run.accepted_tokens);
}

TEST(SpeculationTest, StopsAtAnEndTokenAmongTheGuesses) {
  Outcome whole;
  RunRequests({LoopingRequest()}, {}, whole);
  const std::vector<int32_t>& output = whole.sinks[0].ids();
  size_t accepted = 0;
  // From when on the token may end the answer: it does so at every place in a run of right guesses.
  for (int min_tokens = 40; min_tokens < 52; ++min_tokens) {
    GenerationRequest request = LoopingRequest();
    request.stop_tokens = {output[static_cast<size_t>(min_tokens)]};
    request.min_tokens = min_tokens;
    accepted += ExpectSame({request}).accepted_tokens;
    request.min_tokens = 0;
    accepted += ExpectSame({request}).accepted_tokens;
  }
  EXPECT_GT(accepted, 0u);
}

TEST(SpeculationTest, StopsAtMaxTokensAmongTheGuesses) {
  for (int max_tokens : {1, 2, 30, 31, 32, 33, 34, 35, 36, 37, 38}) {
    GenerationRequest request = LoopingRequest();
    request.max_tokens = max_tokens;
    ExpectSame({request});
  }
}

TEST(SpeculationTest, StopsWhereTheContextEnds) {
  for (size_t room : {1, 2, 16, 17, 40}) {
    GenerationRequest request = LoopingRequest();
    request.max_tokens = 0;
    const size_t positions = request.prompt.size() + room;
    // As many blocks as there are positions, and not one more.
    ExpectSame({request},
               {.shape = {.max_seq_len = positions}, .kv_blocks = NumBlocks(positions), .max_sequences = 1});
  }
}

TEST(SpeculationTest, ContinuesAnInterruptedGenerationExactly) {
  GenerationRequest request = LoopingRequest();
  request.sampling = {.repetition_penalty = 1.01F, .temperature = 0.05F, .seed = 3};
  Outcome whole;
  RunRequests({request}, {.max_draft = 8}, whole);
  const std::vector<int32_t>& output = whole.sinks[0].ids();
  for (size_t interrupted = 0; interrupted < output.size(); interrupted += 17) {
    request.generated.assign(output.begin(), output.begin() + static_cast<ptrdiff_t>(interrupted));
    Outcome rest;
    RunRequests({request}, {.max_draft = 8}, rest);
    EXPECT_EQ(rest.sinks[0].ids(),
              std::vector<int32_t>(output.begin() + static_cast<ptrdiff_t>(interrupted), output.end()));
  }
}

TEST(SpeculationTest, GuessesForSequencesWithAdapters) {
  std::vector<std::vector<int32_t>> outputs;
  for (size_t max_draft : {0, 8}) {
    TinyScheduler tiny({.max_draft = max_draft});
    std::deque<RecordingSink> sinks(3);
    for (int i = 0; i < 3; ++i) {
      AdapterLease adapters;
      if (i > 0) {
        adapters.Add(RandomAdapter(tiny.model.config, 4, i), 1);
      }
      tiny.scheduler.Add(i, LoopingRequest(), &sinks[i], Sequence::Clock::now(), std::move(adapters));
    }
    tiny.RunAll();
    for (const RecordingSink& sink : sinks) {
      outputs.push_back(sink.ids());
    }
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outputs[i + 3], outputs[i]);
  }
  EXPECT_NE(outputs[1], outputs[0]);
}

TEST(SpeculationTest, LeavesPromptsTheirShareOfAStep) {
  TinyScheduler tiny({.chunk_size = 4, .max_draft = 8});
  RecordingSink decoding;
  RecordingSink prefilling;
  tiny.scheduler.Add(1, LoopingRequest(), &decoding);
  while (decoding.ids().size() < 30) {
    tiny.scheduler.Step();
  }
  tiny.scheduler.Add(2, {.prompt = RandomTokens(40, 512, 9), .max_tokens = 1}, &prefilling);
  for (int step = 0; step < 10; ++step) {
    const StepReport report = tiny.scheduler.Step();
    EXPECT_EQ(report.prefill_tokens, 4u);
    EXPECT_EQ(report.drafted_tokens, 0u);
  }
  EXPECT_TRUE(prefilling.is_finished());
  tiny.RunAll();
}

TEST(SpeculationTest, GivesBackBlocksOfWrongGuesses) {
  int taken_in_vain = 0;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    TinyScheduler tiny({.max_draft = 8});
    RecordingSink sink;
    GenerationRequest request = LoopingRequest();
    request.sampling = {.temperature = 0.2F, .top_p = 0.9F, .seed = seed};
    tiny.scheduler.Add(1, request, &sink);
    while (!sink.is_finished()) {
      const size_t before = request.prompt.size() + sink.ids().size();
      const size_t drafted = tiny.scheduler.Step().drafted_tokens;
      const size_t after = request.prompt.size() + sink.ids().size();
      if (!sink.is_finished()) {
        taken_in_vain += NumBlocks(before + drafted) > NumBlocks(after) ? 1 : 0;
        EXPECT_LE(tiny.cache.allocator().num_blocks() - tiny.cache.num_free(), NumBlocks(after));
      }
    }
  }
  EXPECT_GT(taken_in_vain, 0);
}

TEST(SpeculationTest, TakesOnlyFreeBlocks) {
  RecordingSink expected;
  {
    TinyScheduler alone;
    alone.scheduler.Add(1, LoopingRequest(), &expected);
    alone.RunAll();
  }
  TinyScheduler tiny({.kv_blocks = 16, .max_draft = 8});
  RecordingSink sink;
  tiny.scheduler.Add(1, LoopingRequest(), &sink);
  const auto tokens = [&] { return LoopingRequest().prompt.size() + sink.ids().size(); };
  while (sink.ids().size() < 30) {
    tiny.scheduler.Step();
  }
  BlockTable others;  // All that are free but one.
  ASSERT_TRUE(tiny.cache.Reserve(kBlockTokens * (tiny.cache.num_free() - 1), others));
  const size_t room = kBlockTokens * (NumBlocks(tokens()) + 1);
  ASSERT_LT(room, tokens() + 40);
  size_t drafted = 0;
  while (tokens() < room) {
    drafted += tiny.scheduler.Step().drafted_tokens;
    ASSERT_EQ(tiny.scheduler.counters().preemptions, 0u);
  }
  EXPECT_EQ(tokens(), room);
  EXPECT_GT(drafted, 0u);
  tiny.cache.Release(others);
  tiny.RunAll();
  ExpectSameTokens(sink, expected);
}

}  // namespace
}  // namespace bitnet

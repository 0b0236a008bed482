#include "engine/scheduler/batch_scheduler.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "tests/engine/recording_sink.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

TEST(BatchSchedulerTest, DeliversIndexedTokensUpToTheLimit) {
  TinyScheduler tiny;
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(20, 7), &sink);
  tiny.RunAll();
  ASSERT_EQ(sink.tokens().size(), 7u);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(sink.tokens()[i].index, i);
    EXPECT_FALSE(sink.tokens()[i].logprob.has_value());
  }
  EXPECT_EQ(sink.reason(), FinishReason::kLength);
  EXPECT_EQ(sink.usage().prompt_tokens, 20);
  EXPECT_EQ(sink.usage().generated_tokens, 7);
  EXPECT_EQ(tiny.cache.allocator().num_free(), tiny.cache.allocator().num_blocks());
}

TEST(BatchSchedulerTest, StopsWhereTheContextEnds) {
  TinyScheduler tiny({.shape = {.max_seq_len = 40}});
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(30, 0), &sink);
  tiny.RunAll();
  EXPECT_EQ(sink.ids().size(), 10u);
  EXPECT_EQ(sink.reason(), FinishReason::kLength);
}

TEST(BatchSchedulerTest, FinishesAtOnceWhenNoRoomIsLeft) {
  TinyScheduler tiny({.shape = {.max_seq_len = 40}});
  RecordingSink full;
  tiny.scheduler.Add(1, MakeRequest(40, 0), &full);
  EXPECT_TRUE(full.is_finished());
  RecordingSink complete;
  GenerationRequest request = MakeRequest(5, 3);
  request.generated = {1, 2, 3};
  tiny.scheduler.Add(2, request, &complete);
  EXPECT_TRUE(complete.is_finished());
  EXPECT_EQ(complete.reason(), FinishReason::kLength);
  EXPECT_EQ(complete.usage().generated_tokens, 3);
  EXPECT_TRUE(tiny.scheduler.idle());
}

TEST(BatchSchedulerTest, EndTokensEndTheAnswerUndelivered) {
  const GenerationRequest request = MakeRequest(10, 12, 4);
  const std::vector<int32_t> output = RunAlone(request);
  ASSERT_EQ(output.size(), 12u);
  const int32_t stop = output[8];
  const auto first = std::ranges::find(output, stop);
  const std::vector<int32_t> expected(output.begin(), first);

  for (bool of_model : {false, true}) {
    TinyScheduler tiny({.end_ids = of_model ? std::vector<int32_t>{stop} : std::vector<int32_t>{}});
    GenerationRequest stopped = request;
    stopped.stop_tokens = of_model ? std::vector<int32_t>{} : std::vector<int32_t>{stop};
    RecordingSink sink;
    tiny.scheduler.Add(1, stopped, &sink);
    tiny.RunAll();
    EXPECT_EQ(sink.ids(), expected);
    EXPECT_EQ(sink.reason(), FinishReason::kEndToken);
    EXPECT_EQ(sink.usage().generated_tokens, static_cast<int>(expected.size()));

    // Ignored, only the model's own do not end it.
    stopped.ignore_eos = true;
    RecordingSink ignoring;
    tiny.scheduler.Add(2, stopped, &ignoring);
    tiny.RunAll();
    EXPECT_EQ(ignoring.ids(), of_model ? output : expected);
  }
}

TEST(BatchSchedulerTest, MasksEndTokensBeforeMinTokens) {
  // Half of the vocabulary ends an answer, so that it would nearly always end early.
  std::vector<int32_t> ends;
  for (int32_t id = 0; id < 256; ++id) {
    ends.push_back(id);
  }
  for (int min_tokens : {0, 1, 20}) {
    TinyScheduler tiny({.end_ids = ends});
    GenerationRequest request = MakeRequest(10, 30, 5);
    request.min_tokens = min_tokens;
    RecordingSink sink;
    tiny.scheduler.Add(1, request, &sink);
    tiny.RunAll();
    EXPECT_GE(sink.ids().size(), static_cast<size_t>(min_tokens));
    EXPECT_TRUE(std::ranges::all_of(sink.ids(), [](int32_t id) { return id >= 256; }));
  }
}

TEST(BatchSchedulerTest, ReportsLogprobsOfTheUnchangedDistribution) {
  TinyScheduler tiny;
  GenerationRequest request = MakeRequest(10, 5);
  request.sampling = {.repetition_penalty = 1.5f};
  request.num_logprobs = static_cast<int>(RandomModelShape().vocab_size);
  RecordingSink sink;
  tiny.scheduler.Add(1, request, &sink);
  tiny.RunAll();
  for (const GeneratedToken& token : sink.tokens()) {
    ASSERT_TRUE(token.logprob.has_value());
    double sum = 0;
    for (const TokenLogprob& alternative : token.alternatives) {
      sum += std::exp(static_cast<double>(alternative.logprob));
      if (alternative.id == token.id) {
        EXPECT_EQ(alternative.logprob, *token.logprob);
      }
    }
    EXPECT_NEAR(sum, 1, 1e-5);  // 512 floats around -6, each rounded by 2^-22 at most.
  }
}

TEST(BatchSchedulerTest, ContinuesAnInterruptedGenerationExactly) {
  GenerationRequest request = MakeRequest(21, 40, 11);
  request.sampling.repetition_penalty = 1.2f;
  request.sampling.presence_penalty = 0.3f;
  request.sampling.frequency_penalty = 0.2f;
  request.sampling.top_p = 0.95f;
  const std::vector<int32_t> output = RunAlone(request);
  ASSERT_EQ(output.size(), 40u);

  TinyScheduler tiny({.chunk_size = 7});
  for (size_t interrupted = 0; interrupted < output.size(); ++interrupted) {
    GenerationRequest rest = request;
    rest.generated.assign(output.begin(), output.begin() + interrupted);
    RecordingSink sink;
    tiny.scheduler.Add(interrupted, rest, &sink);
    tiny.RunAll();
    ASSERT_EQ(sink.ids(), std::vector<int32_t>(output.begin() + interrupted, output.end())) << interrupted;
    ASSERT_EQ(sink.tokens()[0].index, static_cast<int>(interrupted));
    ASSERT_EQ(sink.usage().generated_tokens, 40);
  }
}

TEST(BatchSchedulerTest, OutputDoesNotDependOnWhatElseRuns) {
  constexpr int kRequests = 12;
  std::vector<std::vector<int32_t>> alone;
  for (int i = 0; i < kRequests; ++i) {
    alone.push_back(RunAlone(MakeRequest(3 + 7 * i, 5 + i % 4 * 6, i)));
  }
  for (size_t chunk_size : {1, 5, 64}) {
    TinyScheduler tiny({.chunk_size = chunk_size, .max_sequences = 5, .num_threads = 3});
    std::deque<RecordingSink> sinks(kRequests);
    for (int i = 0; i < kRequests; ++i) {
      tiny.scheduler.Add(i, MakeRequest(3 + 7 * i, 5 + i % 4 * 6, i), &sinks[i]);
      tiny.scheduler.Step();
    }
    tiny.RunAll();
    for (int i = 0; i < kRequests; ++i) {
      EXPECT_EQ(sinks[i].ids(), alone[i]) << "request " << i << ", chunk size " << chunk_size;
    }
  }
}

TEST(BatchSchedulerTest, KeepsDecodingWhileOthersPrefill) {
  TinyScheduler tiny({.chunk_size = 4});
  RecordingSink decoding;
  RecordingSink prefilling;
  tiny.scheduler.Add(1, MakeRequest(4, 100), &decoding);
  tiny.scheduler.Step();
  tiny.scheduler.Add(2, MakeRequest(40, 5), &prefilling);
  for (int step = 1; step <= 10; ++step) {
    EXPECT_EQ(tiny.scheduler.Step().prefill_tokens, 4u);
    EXPECT_EQ(decoding.ids().size(), 1u + step);
  }
  EXPECT_EQ(prefilling.ids().size(), 1u);
}

TEST(BatchSchedulerTest, BeginsNoMoreThanItsLimitAndLetsThoseThatRunGoOn) {
  TinyScheduler tiny({.max_sequences = 4});
  std::deque<RecordingSink> sinks(6);
  for (int i = 0; i < 6; ++i) {
    tiny.scheduler.Add(i, MakeRequest(5, 10 + 10 * i, i), &sinks[i]);
  }
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 4u);
  tiny.scheduler.set_sequence_limit(1);
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 4u);
  EXPECT_EQ(tiny.scheduler.counters().preemptions, 0u);
  while (!sinks[2].is_finished()) {
    tiny.scheduler.Step();
  }
  EXPECT_EQ(tiny.scheduler.num_running(), 1u);  // The fourth.
  EXPECT_EQ(tiny.scheduler.num_waiting(), 2u);
  tiny.scheduler.set_sequence_limit(4);
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 3u);
  tiny.RunAll();
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(sinks[i].ids().size(), 10u + 10u * static_cast<size_t>(i));
  }
}

TEST(BatchSchedulerTest, AdmitsByPriorityThenByArrival) {
  TinyScheduler tiny({.max_sequences = 1});
  std::vector<int> order;
  std::deque<RecordingSink> sinks(6);
  const Priority priorities[] = {Priority::kNormal,      Priority::kBackground, Priority::kNormal,
                                 Priority::kInteractive, Priority::kNormal,     Priority::kInteractive};
  for (int i = 0; i < 6; ++i) {
    GenerationRequest request = MakeRequest(5, 2, i);
    request.priority = priorities[i];
    sinks[i].on_token = [&order, i](const GeneratedToken& token) {
      if (token.index == 0) {
        order.push_back(i);
      }
    };
    tiny.scheduler.Add(i, request, &sinks[i]);
    if (i == 0) {
      tiny.scheduler.Step();  // It runs already when the others come.
    }
  }
  tiny.RunAll();
  EXPECT_EQ(order, (std::vector<int>{0, 3, 5, 2, 4, 1}));
}

TEST(BatchSchedulerTest, LetsNothingWaitForEver) {
  using Clock = Sequence::Clock;
  TinyScheduler tiny({.max_sequences = 1, .priority_ageing = absl::Seconds(10)});
  std::vector<int> order;
  std::deque<RecordingSink> sinks(30);
  const auto add = [&](int second, Priority priority) {
    GenerationRequest request = MakeRequest(3, 1, second);
    request.priority = priority;
    sinks[second].on_token = [&order, second](const GeneratedToken&) { order.push_back(second); };
    tiny.scheduler.Add(second, request, &sinks[second], Clock::time_point(std::chrono::seconds(second)));
  };
  add(0, Priority::kBackground);
  add(1, Priority::kNormal);
  // Two interactive ones come each second, one of which is served: alone, they would never leave a turn.
  for (int second = 2; second < 30; ++second) {
    add(second, Priority::kInteractive);
    if (second % 2 == 0) {
      tiny.scheduler.Step(Clock::time_point(std::chrono::seconds(second)));
    }
  }
  tiny.RunAll();
  // 1 is before all that come after its eleventh second, 0 before those after its twentieth.
  const auto place = [&](int i) { return std::ranges::find(order, i) - order.begin(); };
  EXPECT_LT(place(10), place(1));
  EXPECT_LT(place(1), place(12));
  EXPECT_LT(place(19), place(0));
  EXPECT_LT(place(0), place(21));
}

TEST(BatchSchedulerTest, ReadsShortPromptsBesideALongOne) {
  TinyScheduler tiny({.chunk_size = 16});
  RecordingSink long_prompt;
  RecordingSink short_prompt;
  tiny.scheduler.Add(1, MakeRequest(200, 2, 1), &long_prompt);
  tiny.scheduler.Step();
  tiny.scheduler.Add(2, MakeRequest(7, 1, 2), &short_prompt);
  EXPECT_EQ(tiny.scheduler.Step().prefill_tokens, 16u);
  EXPECT_TRUE(short_prompt.is_finished());
  // However many come, the oldest gets half of every step: 200 - 16 - 9 tokens in 22 steps of 8.
  std::deque<RecordingSink> sinks(44);
  int steps = 0;
  for (; long_prompt.ids().empty(); ++steps) {
    for (int i = 2 * steps; i < 2 * steps + 2; ++i) {
      tiny.scheduler.Add(3 + i, MakeRequest(7, 1, 3 + i), &sinks[i]);
    }
    tiny.scheduler.Step();
  }
  EXPECT_LE(steps, 22);
  tiny.scheduler.CancelAll();
}

TEST(BatchSchedulerTest, ReadsPromptsOfHigherClassesFirst) {
  TinyScheduler tiny({.chunk_size = 16});
  RecordingSink background;
  RecordingSink interactive;
  GenerationRequest request = MakeRequest(20, 1, 1);
  request.priority = Priority::kBackground;
  tiny.scheduler.Add(1, request, &background);
  request = MakeRequest(48, 1, 2);
  request.priority = Priority::kInteractive;
  tiny.scheduler.Add(2, request, &interactive);
  for (int step = 0; step < 3; ++step) {
    EXPECT_FALSE(interactive.is_finished());
    tiny.scheduler.Step();
  }
  EXPECT_TRUE(interactive.is_finished());
  EXPECT_FALSE(background.is_finished());
  tiny.RunAll();
}

TEST(BatchSchedulerTest, WaitsForBlocksAndIsNotOvertaken) {
  TinyScheduler tiny({.kv_blocks = 4});
  RecordingSink first;
  RecordingSink large;
  RecordingSink small;
  tiny.scheduler.Add(1, MakeRequest(20, 20, 1), &first);  // 2 blocks for its prompt.
  tiny.scheduler.Add(2, MakeRequest(40, 5, 2), &large);   // 3 blocks.
  tiny.scheduler.Add(3, MakeRequest(2, 2, 3), &small);    // 1 block, which is free.
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 1u);
  EXPECT_EQ(tiny.scheduler.num_waiting(), 2u);
  EXPECT_EQ(tiny.cache.num_free(), 2u);
  while (!first.is_finished()) {
    tiny.scheduler.Step();
  }
  EXPECT_EQ(tiny.cache.num_free(), 4u);
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 2u);
  tiny.RunAll();
  EXPECT_EQ(large.ids().size(), 5u);
  EXPECT_EQ(small.ids().size(), 2u);
}

TEST(BatchSchedulerTest, TakesBlocksAsPositionsAreNeeded) {
  TinyScheduler tiny;
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(14, 100), &sink);
  while (!sink.is_finished()) {
    tiny.scheduler.Step();
    const size_t tokens = 14 + sink.ids().size();
    if (!sink.is_finished()) {
      // The last token is pending; it gets its place with the step that runs it.
      EXPECT_EQ(tiny.cache.allocator().num_blocks() - tiny.cache.num_free(), NumBlocks(tokens - 1));
    }
  }
  EXPECT_EQ(sink.ids().size(), 100u);
}

TEST(BatchSchedulerTest, LeavesABlockToGrowIntoForEachThatRuns) {
  TinyScheduler tiny({.kv_blocks = 5});
  std::deque<RecordingSink> sinks(4);
  tiny.scheduler.Add(0, MakeRequest(16, 30, 0), &sinks[0]);
  tiny.scheduler.Add(1, MakeRequest(16, 30, 1), &sinks[1]);
  tiny.scheduler.Step();
  EXPECT_EQ(tiny.scheduler.num_running(), 2u);  // 2 blocks used, 2 to grow into, 1 left.
  // Would need that one, and one to grow.
  tiny.scheduler.Add(2, MakeRequest(16, 30, 2), &sinks[2]);
  tiny.scheduler.AdmitWaiting();
  EXPECT_EQ(tiny.scheduler.num_running(), 2u);
  tiny.scheduler.Cancel(2);
  // Does not grow: its only block is for prompt and answer.
  tiny.scheduler.Add(3, MakeRequest(10, 6, 3), &sinks[3]);
  tiny.scheduler.AdmitWaiting();
  EXPECT_EQ(tiny.scheduler.num_running(), 3u);
  tiny.scheduler.CancelAll();
}

TEST(BatchSchedulerTest, CancelFreesBlocksAtOnce) {
  TinyScheduler tiny({.kv_blocks = 8, .chunk_size = 8, .max_sequences = 2});
  std::deque<RecordingSink> sinks(4);
  tiny.scheduler.Add(0, MakeRequest(10, 30), &sinks[0]);  // Decodes when cancelled.
  tiny.scheduler.Step();
  tiny.scheduler.Step();
  tiny.scheduler.Add(1, MakeRequest(40, 20), &sinks[1]);  // Prefills.
  tiny.scheduler.Add(2, MakeRequest(40, 20), &sinks[2]);  // Waits.
  tiny.scheduler.Step();
  ASSERT_EQ(tiny.scheduler.num_running(), 2u);
  ASSERT_EQ(tiny.cache.allocator().num_free(), 4);
  const size_t delivered = sinks[0].ids().size();
  EXPECT_GE(delivered, 1u);

  tiny.scheduler.Cancel(1);
  EXPECT_EQ(tiny.cache.allocator().num_free(), 7);
  tiny.scheduler.Cancel(0);
  EXPECT_EQ(tiny.cache.allocator().num_free(), 8);
  tiny.scheduler.Cancel(2);
  EXPECT_TRUE(tiny.scheduler.idle());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(sinks[i].is_finished());
    EXPECT_EQ(sinks[i].reason(), FinishReason::kCancelled);
  }
  EXPECT_EQ(sinks[0].ids().size(), delivered);
  EXPECT_EQ(sinks[0].usage().generated_tokens, static_cast<int>(delivered));
  EXPECT_EQ(sinks[2].usage().prefill_time, absl::ZeroDuration());
  tiny.scheduler.Cancel(1);   // Again: no effect.
  tiny.scheduler.Cancel(99);  // Never there: no effect.

  // What comes after is not touched by what was cancelled.
  tiny.scheduler.Add(3, MakeRequest(10, 8, 3), &sinks[3]);
  tiny.RunAll();
  EXPECT_EQ(sinks[3].ids(), RunAlone(MakeRequest(10, 8, 3)));
}

TEST(BatchSchedulerTest, CancelAllFinishesEverything) {
  TinyScheduler tiny({.max_sequences = 2});
  std::deque<RecordingSink> sinks(5);
  for (int i = 0; i < 5; ++i) {
    tiny.scheduler.Add(i, MakeRequest(10, 10), &sinks[i]);
  }
  tiny.scheduler.Step();
  tiny.scheduler.CancelAll();
  for (const RecordingSink& sink : sinks) {
    ASSERT_TRUE(sink.is_finished());
    EXPECT_EQ(sink.reason(), FinishReason::kCancelled);
  }
  EXPECT_EQ(tiny.cache.allocator().num_free(), tiny.cache.allocator().num_blocks());
}

TEST(BatchSchedulerTest, GivesTheSameOutputForTheSameSeedAndAnotherForAnother) {
  GenerationRequest request = MakeRequest(10, 20, 1);
  const std::vector<int32_t> first = RunAlone(request);
  EXPECT_EQ(RunAlone(request), first);
  request.sampling.seed = 2;
  EXPECT_NE(RunAlone(request), first);
}

}  // namespace
}  // namespace bitnet

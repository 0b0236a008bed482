// Prompts that begin alike are read once, and nothing else changes.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/same_tokens.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

std::vector<int32_t> Joined(std::vector<int32_t> front, const std::vector<int32_t>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// With the log-probability of every token of the vocabulary: the logits, in effect.
GenerationRequest WithLogits(GenerationRequest request) {
  request.num_logprobs = static_cast<int>(RandomModelShape().vocab_size);
  return request;
}

struct Outcome {
  RecordingSink sink;
  size_t prefill_tokens = 0;
};

void Generate(TinyScheduler& tiny, const GenerationRequest& request, Outcome& outcome,
              AdapterLease adapters = {}) {
  tiny.scheduler.Add(1, request, &outcome.sink, Sequence::Clock::now(), std::move(adapters));
  while (!tiny.scheduler.idle()) {
    outcome.prefill_tokens += tiny.scheduler.Step().prefill_tokens;
  }
}

TEST(PrefixSharingTest, RunsOnlyWhatIsNew) {
  TinyScheduler tiny;
  const GenerationRequest first = MakeRequest(40, 1, 1);
  GenerationRequest second = first;
  second.prompt = Joined(first.prompt, RandomTokens(10, 512, 2));
  Outcome outcomes[2];
  Generate(tiny, first, outcomes[0]);
  Generate(tiny, second, outcomes[1]);
  EXPECT_EQ(outcomes[0].prefill_tokens, 40u);
  EXPECT_EQ(outcomes[0].sink.usage().cached_tokens, 0);
  EXPECT_EQ(outcomes[1].prefill_tokens, 18u);  // Of 50; two full blocks were known.
  EXPECT_EQ(outcomes[1].sink.usage().cached_tokens, 32);
  EXPECT_EQ(tiny.scheduler.counters().prefix_query_tokens, 90u);
  EXPECT_EQ(tiny.scheduler.counters().prefix_hit_tokens, 32u);
}

TEST(PrefixSharingTest, GivesTheSameLogitsToTheLastBit) {
  const std::vector<int32_t> common = RandomTokens(70, 512, 1);
  for (const KvType kv_type : {KvType::kF32, KvType::kF16, KvType::kInt8}) {
    for (const size_t chunk_size : {5, 16, 64}) {
      TinySchedulerOptions options = {.chunk_size = chunk_size, .num_threads = 2, .kv_type = kv_type};
      TinyScheduler cached(options);
      options.prefix_cache = false;
      for (uint32_t tail : {0, 1, 15, 16, 40}) {
        GenerationRequest request = WithLogits(MakeRequest(1, 20, tail));
        request.prompt = Joined(common, RandomTokens(tail, 512, tail));
        Outcome with;
        Outcome without;
        Generate(cached, request, with);
        TinyScheduler plain(options);
        Generate(plain, request, without);
        ExpectSameTokens(with.sink, without.sink);
        EXPECT_EQ(with.sink.usage().cached_tokens, tail == 0 ? 0 : 64);
        EXPECT_EQ(without.sink.usage().cached_tokens, 0);
      }
    }
  }
}

TEST(PrefixSharingTest, LeavesATokenToRun) {
  for (const size_t length : {1, 16, 17, 32, 33}) {
    TinyScheduler tiny;
    Outcome outcomes[2];
    for (Outcome& outcome : outcomes) {
      Generate(tiny, WithLogits(MakeRequest(length, 3, 1)), outcome);
    }
    EXPECT_EQ(outcomes[1].sink.usage().cached_tokens, static_cast<int>((length - 1) / 16 * 16));
    ExpectSameTokens(outcomes[1].sink, outcomes[0].sink);
  }
}

TEST(PrefixSharingTest, KnowsTheAnswerInTheNextTurn) {
  TinyScheduler tiny;
  Outcome first;
  GenerationRequest request = MakeRequest(20, 30, 1);
  Generate(tiny, request, first);
  request.prompt = Joined(Joined(request.prompt, first.sink.ids()), RandomTokens(9, 512, 2));
  Outcome second;
  Generate(tiny, request, second);
  EXPECT_EQ(second.sink.usage().cached_tokens, 48);  // Of 20 + 30.
  EXPECT_EQ(second.sink.ids(), RunAlone(request));
}

TEST(PrefixSharingTest, CountsOnlyThePromptAsCached) {
  TinyScheduler tiny;
  Outcome whole;
  GenerationRequest request = MakeRequest(20, 40, 1);
  Generate(tiny, request, whole);
  request.generated.assign(whole.sink.ids().begin(), whole.sink.ids().begin() + 30);
  Outcome rest;
  Generate(tiny, request, rest);
  EXPECT_EQ(rest.sink.usage().cached_tokens, 20);
  EXPECT_EQ(rest.prefill_tokens, 2u);  // 48 of 50 were known.
  EXPECT_EQ(rest.sink.ids(), std::vector<int32_t>(whole.sink.ids().begin() + 30, whole.sink.ids().end()));
}

TEST(PrefixSharingTest, ReadsACommonPromptOnceForThoseThatComeTogether) {
  TinyScheduler tiny({.chunk_size = 16});
  std::deque<RecordingSink> sinks(4);
  for (int i = 0; i < 4; ++i) {
    GenerationRequest request = MakeRequest(64, 20, 1);
    request.sampling.seed = i;
    request.prompt.push_back(i);
    tiny.scheduler.Add(i, request, &sinks[i]);
  }
  size_t prefill_tokens = 0;
  for (int step = 0; step < 6; ++step) {
    prefill_tokens += tiny.scheduler.Step().prefill_tokens;
  }
  // The 64 tokens, and of each the last one. They lie in the cache once: 4 blocks and one of each.
  EXPECT_EQ(prefill_tokens, 68u);
  EXPECT_EQ(tiny.cache.allocator().num_blocks() - tiny.cache.num_free(), 8u);
  tiny.RunAll();
  for (int i = 0; i < 4; ++i) {
    GenerationRequest request = MakeRequest(64, 20, 1);
    request.sampling.seed = i;
    request.prompt.push_back(i);
    EXPECT_EQ(sinks[i].ids(), RunAlone(request)) << i;
    EXPECT_EQ(sinks[i].usage().cached_tokens, i == 0 ? 0 : 64);
  }
}

TEST(PrefixSharingTest, IsKeptApartByAdaptersAndTheirScales) {
  TinyScheduler tiny;
  TinyScheduler plain({.prefix_cache = false});
  const std::shared_ptr<const Adapter> adapters[] = {RandomAdapter(tiny.model.config, 4, 1),
                                                     RandomAdapter(tiny.model.config, 4, 2)};
  const auto lease = [&](int variant) {
    AdapterLease lease;
    if (variant > 0) {
      lease.Add(adapters[variant == 2 ? 1 : 0], variant == 3 ? 0.5F : 1);
    }
    return lease;
  };
  const GenerationRequest request = WithLogits(MakeRequest(50, 20, 1));
  for (const bool again : {false, true}) {
    for (int variant = 0; variant < 4; ++variant) {
      Outcome with;
      Outcome without;
      Generate(tiny, request, with, lease(variant));
      Generate(plain, request, without, lease(variant));
      ExpectSameTokens(with.sink, without.sink);
      EXPECT_EQ(with.sink.usage().cached_tokens, again ? 48 : 0) << "variant " << variant;
    }
  }
}

TEST(PrefixSharingTest, ForgetsTheLongestUnusedFirst) {
  TinyScheduler tiny({.kv_blocks = 12});
  const auto cached = [&](uint32_t seed) {
    Outcome outcome;
    Generate(tiny, MakeRequest(49, 1, seed), outcome);  // 3 full blocks.
    EXPECT_EQ(outcome.sink.ids(), RunAlone(MakeRequest(49, 1, seed)));
    return outcome.sink.usage().cached_tokens;
  };
  EXPECT_EQ(cached(1), 0);
  EXPECT_EQ(cached(2), 0);
  EXPECT_EQ(cached(3), 0);
  EXPECT_EQ(cached(1), 48);
  // 9 blocks are known, 3 are not: a fourth prompt takes these and the last block of 2, the oldest.
  EXPECT_EQ(cached(4), 0);
  EXPECT_EQ(cached(1), 48);
  EXPECT_EQ(cached(2), 32);
}

TEST(PrefixSharingTest, CanBeTurnedOff) {
  TinyScheduler tiny({.prefix_cache = false});
  for (int i = 0; i < 2; ++i) {
    Outcome outcome;
    Generate(tiny, MakeRequest(40, 1, 1), outcome);
    EXPECT_EQ(outcome.prefill_tokens, 40u);
    EXPECT_EQ(outcome.sink.usage().cached_tokens, 0);
  }
  EXPECT_EQ(tiny.scheduler.counters().prefix_query_tokens, 0u);
}

}  // namespace
}  // namespace bitnet

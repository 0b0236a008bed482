// Who loses its blocks gets them back, and gives the same answer.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

TEST(PreemptionTest, FallsOnTheLatestOfOneClass) {
  TinyScheduler tiny({.kv_blocks = 5, .chunk_size = 64});
  RecordingSink first;
  RecordingSink second;
  tiny.scheduler.Add(1, MakeRequest(16, 60, 1), &first);  // Up to 5 blocks.
  tiny.scheduler.Add(2, MakeRequest(16, 60, 2), &second);
  while (tiny.scheduler.counters().preemptions == 0) {
    tiny.scheduler.Step();
    ASSERT_FALSE(first.is_finished());
  }
  EXPECT_EQ(tiny.scheduler.num_running(), 1u);
  EXPECT_EQ(tiny.scheduler.num_waiting(), 1u);
  const size_t delivered = second.ids().size();
  EXPECT_GT(delivered, 15u);
  // Both had got on alike, and now only the first does, to its end.
  EXPECT_EQ(first.ids().size(), delivered + 1);
  while (!first.is_finished()) {
    tiny.scheduler.Step();
  }
  EXPECT_EQ(second.ids().size(), delivered);
  tiny.RunAll();
  EXPECT_EQ(first.ids(), RunAlone(MakeRequest(16, 60, 1)));
  EXPECT_EQ(second.ids(), RunAlone(MakeRequest(16, 60, 2)));
  EXPECT_EQ(second.usage().generated_tokens, 60);
}

TEST(PreemptionTest, FallsOnTheLowestClassThoughItCameFirst) {
  TinyScheduler tiny({.kv_blocks = 5});
  RecordingSink background;
  RecordingSink normal;
  GenerationRequest request = MakeRequest(16, 60, 1);
  request.priority = Priority::kBackground;
  tiny.scheduler.Add(1, request, &background);
  tiny.scheduler.Step();
  tiny.scheduler.Add(2, MakeRequest(16, 60, 2), &normal);
  while (!normal.is_finished()) {
    const size_t delivered = normal.ids().size();
    tiny.scheduler.Step();
    EXPECT_EQ(normal.ids().size(), delivered + 1);
  }
  EXPECT_FALSE(background.is_finished());
  EXPECT_GT(tiny.scheduler.counters().preemptions, 0u);
  tiny.RunAll();
  EXPECT_EQ(background.ids(), RunAlone(request));
  EXPECT_EQ(normal.ids(), RunAlone(MakeRequest(16, 60, 2)));
}

TEST(PreemptionTest, ComesBackToTheHeadOfItsClass) {
  TinyScheduler tiny({.kv_blocks = 5});
  std::deque<RecordingSink> sinks(4);
  std::vector<int> finished;
  for (int i = 0; i < 4; ++i) {
    const int tokens = i < 2 ? 60 : 3;
    sinks[i].on_token = [&finished, i, tokens](const GeneratedToken& token) {
      if (token.index == tokens - 1) {
        finished.push_back(i);
      }
    };
    tiny.scheduler.Add(i, MakeRequest(16, tokens, i), &sinks[i]);
    if (i == 1) {
      while (tiny.scheduler.counters().preemptions == 0) {
        tiny.scheduler.Step();
      }
    }
  }
  // Number 1 has lost its blocks. Those that came later are shorter, and would fit.
  EXPECT_EQ(tiny.scheduler.num_waiting(), 3u);
  while (!sinks[0].is_finished()) {
    tiny.scheduler.Step();
    EXPECT_TRUE(sinks[2].ids().empty());
  }
  tiny.scheduler.Step();
  tiny.scheduler.Step();
  EXPECT_GT(sinks[1].ids().size() + sinks[2].ids().size(), 0u);
  tiny.RunAll();
  EXPECT_EQ(finished.size(), 4u);
  EXPECT_EQ(finished[0], 0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(sinks[i].ids(), RunAlone(MakeRequest(16, i < 2 ? 60 : 3, i)));
  }
}

TEST(PreemptionTest, ComputesAgainOnlyWhatTheCacheHasLost) {
  for (const bool prefix_cache : {false, true}) {
    TinyScheduler tiny({.kv_blocks = 8, .chunk_size = 96, .prefix_cache = prefix_cache});
    RecordingSink first;
    RecordingSink second;
    tiny.scheduler.Add(1, MakeRequest(30, 10, 1), &first);   // Becomes 3 blocks with its fourth token.
    tiny.scheduler.Add(2, MakeRequest(50, 60, 2), &second);  // 4 blocks, and 5 with its fifteenth.
    tiny.scheduler.AdmitWaiting();
    ASSERT_EQ(tiny.scheduler.num_running(), 2u);
    BlockTable others;  // Nothing is left for either to grow into.
    ASSERT_TRUE(tiny.cache.Reserve(16 * tiny.cache.num_free(), others));
    while (tiny.scheduler.counters().preemptions == 0) {
      tiny.scheduler.Step();
    }
    tiny.cache.Release(others);
    size_t prefill_tokens = 0;
    while (!second.is_finished()) {
      prefill_tokens += tiny.scheduler.Step().prefill_tokens;
    }
    tiny.RunAll();
    if (prefix_cache) {
      EXPECT_EQ(prefill_tokens, 5u);  // Three full blocks were kept; the tokens after them filled none.
    } else {
      EXPECT_EQ(prefill_tokens, 53u);
    }
    EXPECT_EQ(second.usage().cached_tokens, 0);  // What it knew itself does not count.
    EXPECT_EQ(tiny.scheduler.counters().prefix_hit_tokens, 0u);
    EXPECT_EQ(first.ids(), RunAlone(MakeRequest(30, 10, 1)));
    EXPECT_EQ(second.ids(), RunAlone(MakeRequest(50, 60, 2)));
  }
}

TEST(PreemptionTest, LetsOneFillTheWholeCache) {
  TinyScheduler tiny({.kv_blocks = 4});
  RecordingSink sink;
  tiny.scheduler.Add(1, MakeRequest(10, 0, 1), &sink);
  tiny.RunAll();
  EXPECT_EQ(sink.ids().size(), 54u);
  EXPECT_EQ(sink.reason(), FinishReason::kLength);
  EXPECT_EQ(tiny.scheduler.counters().preemptions, 0u);
}

TEST(PreemptionTest, LetsManyFinishInATinyCache) {
  constexpr int kRequests = 12;
  std::vector<std::vector<int32_t>> alone;
  for (int i = 0; i < kRequests; ++i) {
    alone.push_back(RunAlone(MakeRequest(5 + 7 * i % 40, 60 - 3 * i, i)));
  }
  for (const bool prefix_cache : {false, true}) {
    for (const size_t chunk_size : {3, 16, 64}) {
      TinyScheduler tiny(
          {.kv_blocks = 7, .chunk_size = chunk_size, .max_sequences = 6, .prefix_cache = prefix_cache});
      std::deque<RecordingSink> sinks(kRequests);
      for (int i = 0; i < kRequests; ++i) {
        tiny.scheduler.Add(i, MakeRequest(5 + 7 * i % 40, 60 - 3 * i, i), &sinks[i]);
      }
      // Whoever is the oldest gets on with every step: a token of its answer, or of what it has to read.
      int steps = 0;
      for (int oldest = 0; oldest < kRequests; ++steps) {
        const StepReport report = tiny.scheduler.Step();
        ASSERT_GT(report.prefill_tokens + report.decode_tokens, 0u);
        while (oldest < kRequests && sinks[oldest].is_finished()) {
          ++oldest;
        }
        ASSERT_LT(steps, 2000);
      }
      EXPECT_TRUE(tiny.scheduler.idle());
      EXPECT_GT(tiny.scheduler.counters().preemptions, 0u);
      for (int i = 0; i < kRequests; ++i) {
        EXPECT_EQ(sinks[i].ids(), alone[i]) << "request " << i << ", chunk size " << chunk_size;
      }
      EXPECT_EQ(tiny.cache.allocator().num_free(), tiny.cache.allocator().num_blocks());
    }
  }
}

TEST(PreemptionTest, DelaysTheMostImportantByNoStep) {
  TinyScheduler tiny({.kv_blocks = 8, .max_sequences = 6});
  std::deque<RecordingSink> sinks(6);
  for (int i = 0; i < 6; ++i) {
    tiny.scheduler.Add(i, MakeRequest(10, 100, i), &sinks[i]);
  }
  while (!sinks[0].is_finished()) {
    const size_t delivered = sinks[0].ids().size();
    tiny.scheduler.Step();
    ASSERT_EQ(sinks[0].ids().size(), delivered + 1);
  }
  EXPECT_GT(tiny.scheduler.counters().preemptions, 0u);
  tiny.scheduler.CancelAll();
  EXPECT_EQ(tiny.cache.num_free(), 8u);
}

TEST(PreemptionTest, CanBeCancelledWhileItWaits) {
  TinyScheduler tiny({.kv_blocks = 5});
  RecordingSink first;
  RecordingSink second;
  tiny.scheduler.Add(1, MakeRequest(16, 60, 1), &first);
  tiny.scheduler.Add(2, MakeRequest(16, 60, 2), &second);
  while (tiny.scheduler.counters().preemptions == 0) {
    tiny.scheduler.Step();
  }
  const size_t delivered = second.ids().size();
  tiny.scheduler.Cancel(2);
  EXPECT_EQ(second.reason(), FinishReason::kCancelled);
  EXPECT_EQ(second.usage().generated_tokens, static_cast<int>(delivered));
  EXPECT_GE(second.usage().decode_time, absl::ZeroDuration());
  tiny.RunAll();
  EXPECT_EQ(first.ids(), RunAlone(MakeRequest(16, 60, 1)));
  EXPECT_EQ(tiny.cache.num_free(), 5u);
}

}  // namespace
}  // namespace bitnet

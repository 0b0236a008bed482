// Arrivals, lengths, classes, adapters, embeddings and cancellations at random, in a cache that is far too
// small: every answer is the one that its request gets alone, and every block comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

constexpr size_t kMinBlocks = 5;
constexpr size_t kMaxPrompt = 50;
constexpr size_t kMaxTokens = kMinBlocks * kBlockTokens;  // Of prompt and answer: they fit any of the caches.

struct KnownRequest {
  GenerationRequest request;
  int adapter;  // Which, or -1.
  std::vector<int32_t> answer;
  std::vector<float> embedding;  // Or this.
};

class RandomSchedulesTest : public testing::Test {
 protected:
  static AdapterLease Lease(int adapter) {
    AdapterLease lease;
    if (adapter >= 0) {
      lease.Add((*adapters_)[adapter / 2], adapter % 2 == 0 ? 1 : 0.5F);
    }
    return lease;
  }

  // A hundred requests and their answers. Half of them begin alike, some go on after an earlier attempt.
  static void SetUpTestSuite() {
    TinyScheduler tiny({.prefix_cache = false});
    adapters_ = new std::vector<std::shared_ptr<const Adapter>>;
    adapters_->push_back(RandomAdapter(tiny.model.config, 4, 1));
    adapters_->push_back(RandomAdapter(tiny.model.config, 2, 2));
    requests_ = new std::vector<KnownRequest>;
    std::mt19937 rng(1);
    const std::vector<int32_t> common = RandomTokens(kMaxPrompt, 512, 1);
    for (uint32_t i = 0; i < 100; ++i) {
      const size_t length = 1 + rng() % kMaxPrompt;
      GenerationRequest request = {.prompt = RandomTokens(length, 512, 100 + i)};
      if (i % 2 == 0) {
        const size_t alike = length - std::min<size_t>(length, rng() % 8);
        std::copy_n(common.begin(), alike, request.prompt.begin());
      }
      request.sampling = {.repetition_penalty = i % 5 == 0 ? 1.1F : 1.0F,
                          .temperature = static_cast<float>(i % 3) * 0.3F,
                          .seed = i};
      request.max_tokens = static_cast<int>(kMaxTokens - length - rng() % 30);
      if (i % 3 == 0) {
        request.stop_tokens = {7, 77, static_cast<int32_t>(rng() % 512)};
      }
      if (i % 6 == 1) {
        request.embed = i % 4 == 1 ? Pooling::kMean : Pooling::kLast;
      }
      request.priority = static_cast<Priority>(rng() % 3);
      const int adapter = i % 4 == 0 ? static_cast<int>(rng() % 4) : -1;
      RecordingSink sink;
      tiny.scheduler.Add(i, request, &sink, Sequence::Clock::now(), Lease(adapter));
      tiny.RunAll();
      std::vector<int32_t> answer = sink.ids();
      if (i % 7 == 0 && !request.embed.has_value()) {
        const auto known = static_cast<ptrdiff_t>(rng() % (answer.size() + 1));
        request.generated.assign(answer.begin(), answer.begin() + known);
        answer.erase(answer.begin(), answer.begin() + known);
      }
      requests_->push_back({std::move(request), adapter, std::move(answer), sink.embedding()});
    }
  }
  static void TearDownTestSuite() {
    delete requests_;
    delete adapters_;
  }

  static std::vector<std::shared_ptr<const Adapter>>* adapters_;
  static std::vector<KnownRequest>* requests_;
};
std::vector<std::shared_ptr<const Adapter>>* RandomSchedulesTest::adapters_ = nullptr;
std::vector<KnownRequest>* RandomSchedulesTest::requests_ = nullptr;

struct Stream {
  const KnownRequest* known;
  RecordingSink sink;
  bool cancelled = false;
};

TEST_F(RandomSchedulesTest, GiveEveryRequestItsOwnAnswer) {
  uint64_t preemptions = 0;
  uint64_t hits = 0;
  size_t accepted = 0;
  int cancelled = 0;
  for (uint32_t seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 rng(seed);
    const auto one_in = [&rng](uint32_t n) { return rng() % n == 0; };
    TinyScheduler tiny({.kv_blocks = kMinBlocks + rng() % 10,
                        .chunk_size = 1 + rng() % 40,
                        .max_sequences = 1 + rng() % 8,
                        .max_draft = one_in(2) ? rng() % 6 : 0,
                        .num_threads = one_in(6) ? 2 : 1,
                        .prefix_cache = !one_in(4),
                        .priority_ageing = absl::Milliseconds(50)});
    std::deque<Stream> streams;
    auto now = Sequence::Clock::time_point(std::chrono::hours(1));
    int steps = 0;
    while (streams.size() < 60 || !tiny.scheduler.idle()) {
      if (streams.size() < 60 && one_in(4)) {
        for (uint32_t burst = 1 + rng() % 4; burst > 0; --burst) {
          Stream& stream = streams.emplace_back();
          stream.known = &(*requests_)[rng() % requests_->size()];
          tiny.scheduler.Add(streams.size() - 1, stream.known->request, &stream.sink, now,
                             Lease(stream.known->adapter));
        }
      }
      if (!streams.empty() && one_in(20)) {
        const size_t victim = rng() % streams.size();
        streams[victim].cancelled |= !streams[victim].sink.is_finished();
        tiny.scheduler.Cancel(victim);
      }
      accepted += tiny.scheduler.Step(now).accepted_tokens;
      now += std::chrono::milliseconds(rng() % 10);
      ASSERT_LT(++steps, 20000);
    }
    for (size_t i = 0; i < streams.size(); ++i) {
      const Stream& stream = streams[i];
      ASSERT_TRUE(stream.sink.is_finished()) << i;
      std::vector<int32_t> expected = stream.known->answer;
      EXPECT_EQ(stream.sink.reason() == FinishReason::kCancelled, stream.cancelled) << i;
      if (stream.cancelled) {
        ASSERT_LE(stream.sink.ids().size(), expected.size()) << i;
        expected.resize(stream.sink.ids().size());
        ++cancelled;
      }
      ASSERT_EQ(stream.sink.ids(), expected) << i;
      ASSERT_EQ(stream.sink.embedding(), stream.cancelled ? std::vector<float>() : stream.known->embedding)
          << i;
    }
    ASSERT_EQ(tiny.cache.allocator().num_free(), tiny.cache.allocator().num_blocks());
    EXPECT_LE(tiny.scheduler.counters().prefix_hit_tokens, tiny.scheduler.counters().prefix_query_tokens);
    preemptions += tiny.scheduler.counters().preemptions;
    hits += tiny.scheduler.counters().prefix_hit_tokens;
  }
  // What is tested has happened.
  EXPECT_GT(preemptions, 100u);
  EXPECT_GT(hits, 1000u);
  EXPECT_GT(accepted, 10u);
  EXPECT_GT(cancelled, 20);
}

}  // namespace
}  // namespace bitnet

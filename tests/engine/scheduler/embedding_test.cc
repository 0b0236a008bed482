// Embeddings of prompts, in whatever company they are read.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <vector>

#include "engine/scheduler/batch_scheduler.h"
#include "engine/transformer/linear_layer.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/scheduler/tiny_requests.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

constexpr Pooling kPoolings[] = {Pooling::kLast, Pooling::kMean};

GenerationRequest EmbedRequest(size_t prompt_tokens, Pooling pooling, uint32_t seed = 0) {
  GenerationRequest request = MakeRequest(prompt_tokens, 0, seed);
  request.embed = pooling;
  return request;
}

std::vector<float> EmbedAlone(const GenerationRequest& request) {
  TinyScheduler tiny({.kv_blocks = 16, .prefix_cache = false});
  RecordingSink sink;
  tiny.scheduler.Add(1, request, &sink);
  tiny.RunAll();
  EXPECT_EQ(sink.reason(), FinishReason::kEmbedded);
  EXPECT_FALSE(sink.embedding().empty());
  return sink.embedding();
}

// The prompt's hidden states and logits by the transformer alone, in one call.
struct Forwarded {
  std::vector<std::vector<float>> hidden;
  std::vector<float> last_logits;
};

Forwarded Forward(const GenerationRequest& request) {
  TinyScheduler tiny({.chunk_size = 256});
  BlockTable blocks;
  EXPECT_TRUE(tiny.cache.Reserve(request.prompt.size(), blocks));
  std::vector<BatchToken> batch;
  for (const int32_t token : request.prompt) {
    batch.push_back({.token = token, .position = batch.size(), .blocks = &blocks, .wants_hidden = true});
  }
  batch.back().wants_logits = true;
  Forwarded out;
  const std::span<const float> logits = tiny.transformer.Forward(batch);
  out.last_logits.assign(logits.begin(), logits.end());
  for (size_t b = 0; b < batch.size(); ++b) {
    const std::span<const float> hidden = tiny.transformer.hidden(b);
    out.hidden.emplace_back(hidden.begin(), hidden.end());
  }
  return out;
}

// By length, and in the precision of floats.
void ExpectPointsAlong(const std::vector<float>& embedding, const std::vector<double>& wanted) {
  double squares = 0;
  for (const double value : wanted) {
    squares += value * value;
  }
  ASSERT_EQ(embedding.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_FLOAT_EQ(embedding[i], static_cast<float>(wanted[i] / std::sqrt(squares))) << i;
  }
}

TEST(EmbeddingTest, IsMadeOfWhatTheHeadMakesLogitsOf) {
  const Forwarded forwarded = Forward(MakeRequest(37, 0));
  TinyScheduler tiny;
  const ModelConfig& config = tiny.model.config;
  const KernelSet kernels(DetectCpuFeatures());
  const Linear head = {.matrix = tiny.model.weights.head};
  LinearLayer layer(kernels, 1, config.hidden_dim, config.input_norm_eps, &tiny.pool);
  std::vector<float> logits(head.matrix.padded_rows());
  const Projection projection = {&head, logits.data()};
  layer.Begin(projection);
  layer.SetRow(forwarded.hidden.back().data(), 0);
  layer.Run(forwarded.hidden.back().data(), config.hidden_dim, 1, {&projection, 1});
  logits.resize(config.vocab_size);
  EXPECT_EQ(logits, forwarded.last_logits);
}

TEST(EmbeddingTest, IsTheLastTokensStateOrTheMeanOfAll) {
  const Forwarded forwarded = Forward(MakeRequest(37, 0));
  const std::vector<float>& last = forwarded.hidden.back();
  ExpectPointsAlong(EmbedAlone(EmbedRequest(37, Pooling::kLast)), {last.begin(), last.end()});
  std::vector<double> mean(last.size());
  for (const std::vector<float>& hidden : forwarded.hidden) {
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i] += hidden[i] / 37.0;
    }
  }
  ExpectPointsAlong(EmbedAlone(EmbedRequest(37, Pooling::kMean)), mean);
}

TEST(EmbeddingTest, HasLengthOne) {
  for (const Pooling pooling : kPoolings) {
    double squares = 0;
    for (const float value : EmbedAlone(EmbedRequest(20, pooling))) {
      squares += double{value} * value;
    }
    // 256 values, each off by at most 2^-25 of itself, so the sum by 2^-24 of it.
    EXPECT_NEAR(squares, 1, 0x1p-24);
  }
}

TEST(EmbeddingTest, HasTheSameBitsInChunksOfAnySizeOnAnyNumberOfThreads) {
  for (const Pooling pooling : kPoolings) {
    const GenerationRequest request = EmbedRequest(60, pooling);
    const std::vector<float> alone = EmbedAlone(request);
    for (const size_t chunk_size : {1, 7, 16, 64}) {
      for (const int num_threads : {1, 3}) {
        TinyScheduler tiny({.chunk_size = chunk_size, .num_threads = num_threads});
        RecordingSink sink;
        tiny.scheduler.Add(1, request, &sink);
        tiny.RunAll();
        EXPECT_EQ(sink.embedding(), alone) << "chunks of " << chunk_size << ", " << num_threads << " threads";
      }
    }
  }
}

TEST(EmbeddingTest, SharesStepsWithAnswersAndChangesNone) {
  const GenerationRequest answer = MakeRequest(20, 30, 1);
  TinyScheduler tiny({.chunk_size = 9, .max_draft = 4});
  RecordingSink sinks[4];
  tiny.scheduler.Add(0, answer, &sinks[0]);
  tiny.scheduler.Step();
  tiny.scheduler.Add(1, EmbedRequest(50, Pooling::kMean, 2), &sinks[1]);
  tiny.scheduler.Add(2, EmbedRequest(40, Pooling::kLast, 3), &sinks[2]);
  tiny.scheduler.Add(3, answer, &sinks[3]);
  tiny.RunAll();
  EXPECT_EQ(sinks[0].ids(), RunAlone(answer));
  EXPECT_EQ(sinks[1].embedding(), EmbedAlone(EmbedRequest(50, Pooling::kMean, 2)));
  EXPECT_EQ(sinks[2].embedding(), EmbedAlone(EmbedRequest(40, Pooling::kLast, 3)));
  EXPECT_EQ(sinks[3].ids(), RunAlone(answer));
  EXPECT_TRUE(sinks[1].ids().empty());
  EXPECT_EQ(sinks[1].usage().prompt_tokens, 50);
  EXPECT_EQ(sinks[1].usage().generated_tokens, 0);
  EXPECT_EQ(tiny.cache.num_free(), 64u);
}

TEST(EmbeddingTest, ChoosesNoTokens) {
  TinyScheduler tiny({.chunk_size = 64});
  RecordingSink sink;
  tiny.scheduler.Add(1, EmbedRequest(30, Pooling::kLast), &sink);
  const StepReport report = tiny.scheduler.Step();
  EXPECT_EQ(report.prefill_tokens, 30u);
  EXPECT_EQ(report.decode_tokens, 0u);
  EXPECT_TRUE(sink.is_finished());
  EXPECT_TRUE(tiny.scheduler.idle());
}

TEST(EmbeddingTest, SkipsWhatIsCachedUnlessItIsTheMean) {
  TinyScheduler tiny({.chunk_size = 64});
  RecordingSink sinks[4];
  for (int i = 0; i < 4; ++i) {
    const GenerationRequest request = EmbedRequest(40, i % 2 == 0 ? Pooling::kMean : Pooling::kLast);
    tiny.scheduler.Add(i, request, &sinks[i]);
    tiny.RunAll();
    EXPECT_EQ(sinks[i].embedding(), EmbedAlone(request));
    EXPECT_EQ(sinks[i].usage().cached_tokens, request.embed == Pooling::kMean ? 0 : 32);
  }
  EXPECT_EQ(tiny.scheduler.counters().prefix_query_tokens, 80u);
  EXPECT_EQ(tiny.scheduler.counters().prefix_hit_tokens, 64u);
}

// Several that begin alike and come together: one is read and others follow it, but for means.
TEST(EmbeddingTest, FollowsAPromptThatBeginsAlikeUnlessItIsTheMean) {
  TinyScheduler tiny({.chunk_size = 20});
  RecordingSink sinks[3];
  const Pooling poolings[] = {Pooling::kLast, Pooling::kLast, Pooling::kMean};
  for (int i = 0; i < 3; ++i) {
    tiny.scheduler.Add(i, EmbedRequest(60, poolings[i]), &sinks[i]);
  }
  tiny.RunAll();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sinks[i].embedding(), EmbedAlone(EmbedRequest(60, poolings[i])));
  }
  EXPECT_GT(sinks[1].usage().cached_tokens, 0);
  EXPECT_EQ(sinks[2].usage().cached_tokens, 0);
}

TEST(EmbeddingTest, StartsAgainWhenItLosesItsBlocks) {
  for (const Pooling pooling : kPoolings) {
    TinyScheduler tiny({.kv_blocks = 6, .chunk_size = 8});
    RecordingSink answer;
    RecordingSink embedding;
    tiny.scheduler.Add(1, MakeRequest(14, 60, 1), &answer);
    tiny.scheduler.Step();
    tiny.scheduler.Step();
    tiny.scheduler.Add(2, EmbedRequest(60, pooling, 2), &embedding);  // 4 blocks.
    tiny.scheduler.AdmitWaiting();
    ASSERT_EQ(tiny.scheduler.num_running(), 2u);
    tiny.scheduler.Step();  // Some of it is read.
    BlockTable others;
    ASSERT_TRUE(tiny.cache.Reserve(16 * tiny.cache.num_free(), others));
    while (tiny.scheduler.counters().preemptions == 0 && !embedding.is_finished()) {
      tiny.scheduler.Step();
    }
    EXPECT_FALSE(embedding.is_finished());
    tiny.cache.Release(others);
    tiny.RunAll();
    EXPECT_EQ(tiny.scheduler.counters().preemptions, 1u);
    EXPECT_EQ(embedding.embedding(), EmbedAlone(EmbedRequest(60, pooling, 2)));
    EXPECT_EQ(answer.ids(), RunAlone(MakeRequest(14, 60, 1)));
    EXPECT_EQ(tiny.cache.num_free(), 6u);
  }
}

TEST(EmbeddingTest, LeavesNothingWhenItIsCancelled) {
  TinyScheduler tiny({.chunk_size = 8, .max_sequences = 1});
  RecordingSink running;
  RecordingSink waiting;
  tiny.scheduler.Add(1, EmbedRequest(60, Pooling::kMean, 1), &running);
  tiny.scheduler.Add(2, EmbedRequest(60, Pooling::kMean, 2), &waiting);
  tiny.scheduler.Step();
  tiny.scheduler.Cancel(1);
  tiny.scheduler.Cancel(2);
  for (const RecordingSink* sink : {&running, &waiting}) {
    EXPECT_EQ(sink->reason(), FinishReason::kCancelled);
    EXPECT_TRUE(sink->embedding().empty());
  }
  EXPECT_TRUE(tiny.scheduler.idle());
  EXPECT_EQ(tiny.cache.num_free(), 64u);
}

TEST(EmbeddingTest, IsChargedWithItsEnergy) {
  double joules = 0;
  TinyScheduler tiny({.energy_counter = [&joules] { return std::optional<double>(++joules); }});
  RecordingSink sink;
  tiny.scheduler.Add(1, EmbedRequest(40, Pooling::kLast), &sink);
  tiny.RunAll();
  EXPECT_GT(sink.usage().joules.value(), 0);
}

}  // namespace
}  // namespace bitnet

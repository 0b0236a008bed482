// A step allocates nothing. A program of its own, since it counts every operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <new>

#include "engine/adapters/adapter_lease.h"
#include "engine/grammar/grammar_cache.h"
#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/grammar/list_tokenizer.h"
#include "tests/engine/tiny_scheduler.h"

namespace {

std::atomic<bool> counting = false;
std::atomic<int> allocations = 0;

void* Allocate(std::size_t bytes, std::size_t alignment) {
  if (counting) {
    ++allocations;
  }
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return Allocate(bytes, 16); }
void* operator new[](std::size_t bytes) { return Allocate(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace bitnet {
namespace {

struct CountingSink : GenerationSink {
  void OnToken(const GeneratedToken&) override { ++tokens; }
  void OnFinished(FinishReason, const GenerationUsage&) override { finished = true; }
  int tokens = 0;
  bool finished = false;
};

TEST(AllocationTest, CountsAllocations) {
  counting = true;
  delete new int(3);
  counting = false;
  EXPECT_EQ(allocations.exchange(0), 1);
}

TEST(AllocationTest, StepsAllocateNothing) {
  for (int num_threads : {1, 3}) {
    // Blocks for some of the sequences only, so that steps also admit, evict and preempt.
    TinyScheduler tiny({.kv_blocks = 7, .max_draft = 4, .num_threads = num_threads});
    std::deque<CountingSink> sinks(8);
    const std::shared_ptr<const Adapter> adapter = RandomAdapter(tiny.model.config, 8, 1);
    for (int i = 0; i < 8; ++i) {
      // Pairs begin alike, and share what they have in common.
      GenerationRequest request = {.prompt = RandomTokens(5 + 9 * i, 512, i / 2), .max_tokens = 40};
      if (i % 2 == 1) {
        request.sampling = {.repetition_penalty = 1.1f,
                            .presence_penalty = 0.1f,
                            .temperature = 0.9f,
                            .top_k = i == 3 ? 40 : 0,
                            .top_p = i == 5 ? 0.9f : 1.0f,
                            .seed = 7};
        request.num_logprobs = i;
        request.min_tokens = 3;
        request.stop_tokens = {1, 2, 3};
      }
      if (i == 4 || i == 5) {
        request.embed = i == 4 ? Pooling::kLast : Pooling::kMean;
      }
      AdapterLease adapters;
      for (int use = 0; use < i / 2 % 3; ++use) {
        adapters.Add(adapter, 1);
      }
      tiny.scheduler.Add(i, request, &sinks[i], Sequence::Clock::now(), std::move(adapters));
    }
    int steps = 0;
    size_t drafted = 0;
    while (!tiny.scheduler.idle()) {
      counting = true;
      drafted += tiny.scheduler.Step().drafted_tokens;
      counting = false;
      ++steps;
    }
    EXPECT_EQ(allocations.exchange(0), 0) << "in " << steps << " steps with " << num_threads << " threads";
    for (const CountingSink& sink : sinks) {
      EXPECT_TRUE(sink.finished);
    }
    EXPECT_GT(steps, 40);
    EXPECT_GT(drafted, 0u);
    EXPECT_GT(tiny.scheduler.counters().preemptions, 0u);
    EXPECT_GT(tiny.scheduler.counters().prefix_hit_tokens, 0u);
  }
}

// Once their masks are known: those are kept for all answers with the same grammar, and each takes memory
// when it is met for the first time.
TEST(AllocationTest, ConstrainedStepsAllocateNothing) {
  double joules = 0;
  TinyScheduler tiny(
      {.max_draft = 4, .energy_counter = [&joules] { return std::optional<double>(++joules); }});
  const ListTokenizer tokenizer(JsonTokens(512));
  GrammarCache grammars(&tokenizer, 512);
  GenerationRequest request = {.prompt = RandomTokens(12, 512, 1), .max_tokens = 100};
  request.constraint = {
      ConstraintKind::kJsonSchema,
      R"({"type":"array","items":{"type":"string","maxLength":9},"minItems":5,"maxItems":9})"};
  for (int round = 0; round < 2; ++round) {
    CountingSink sink;
    auto matcher = grammars.NewMatcher(request.constraint, {});
    ASSERT_TRUE(matcher.ok()) << matcher.status();
    tiny.scheduler.Add(round, request, &sink, Sequence::Clock::now(), {}, *std::move(matcher));
    while (!tiny.scheduler.idle()) {
      counting = round == 1;
      tiny.scheduler.Step();
      counting = false;
    }
    EXPECT_TRUE(sink.finished);
    EXPECT_GT(sink.tokens, 10);
  }
  EXPECT_EQ(allocations.exchange(0), 0);
}

}  // namespace
}  // namespace bitnet

// Answers that must look like something.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/grammar/grammar_cache.h"
#include "engine/grammar/json_schema.h"
#include "engine/scheduler/batch_scheduler.h"
#include "tests/engine/grammar/list_tokenizer.h"
#include "tests/engine/grammar/matching.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

constexpr char kSchema[] = R"({"type":"object","properties":{"name":{"type":"string","maxLength":6},
    "tags":{"type":"array","items":{"enum":["ab","abc"]},"minItems":2,"maxItems":4},
    "n":{"type":"integer","minimum":-500,"maximum":500}},"required":["name","tags","n"]})";

class ConstraintTest : public testing::Test {
 protected:
  ConstraintTest() : tokenizer_(JsonTokens(512)), grammars_(&tokenizer_, 512) {}

  void Add(TinyScheduler& tiny, GenerationRequest request, RecordingSink& sink) {
    auto matcher = grammars_.NewMatcher(request.constraint, request.generated);
    ASSERT_TRUE(matcher.ok()) << matcher.status();
    tiny.scheduler.Add(next_id_++, std::move(request), &sink, Sequence::Clock::now(), {},
                       *std::move(matcher));
  }

  std::vector<int32_t> Run(GenerationRequest request, FinishReason reason, size_t max_draft = 0) {
    TinyScheduler tiny({.max_draft = max_draft});
    RecordingSink sink;
    Add(tiny, std::move(request), sink);
    tiny.RunAll();
    EXPECT_TRUE(sink.is_finished());
    EXPECT_EQ(sink.reason(), reason);
    drafted_ += sink.usage().drafted_tokens;
    return sink.ids();
  }

  static GenerationRequest Request(uint64_t seed, Constraint constraint) {
    GenerationRequest request = {.prompt = RandomTokens(9, 512, static_cast<int>(seed)), .max_tokens = 120};
    if (seed % 2 == 1) {
      request.sampling = {.repetition_penalty = 1.05f,
                          .presence_penalty = 0.1f,
                          .temperature = 0.9f,
                          .top_k = 50,
                          .top_p = 0.95f,
                          .seed = seed};
    }
    request.constraint = std::move(constraint);
    return request;
  }

  std::string Text(const std::vector<int32_t>& ids) {
    std::string text;
    for (int32_t id : ids) {
      text += tokenizer_.TokenBytes(id);
    }
    return text;
  }

  ListTokenizer tokenizer_;
  GrammarCache grammars_;
  GenerationId next_id_ = 1;
  int drafted_ = 0;
};

TEST_F(ConstraintTest, AnswersMatchAndEndWithTheGrammar) {
  const auto grammar = CompileJsonSchema(kSchema);
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const std::string text =
        Text(Run(Request(seed, {ConstraintKind::kJsonSchema, kSchema}), FinishReason::kEndToken));
    EXPECT_EQ(MatchText(*grammar, text), Match::kWhole) << text;
  }
}

TEST_F(ConstraintTest, ResumedAnswersGoOnTheSame) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const GenerationRequest request = Request(seed, {ConstraintKind::kJsonSchema, kSchema});
    const std::vector<int32_t> whole = Run(request, FinishReason::kEndToken);
    for (size_t cut = 0; cut <= whole.size(); ++cut) {
      GenerationRequest resumed = request;
      resumed.generated.assign(whole.begin(), whole.begin() + cut);
      std::vector<int32_t> rest = Run(resumed, FinishReason::kEndToken);
      rest.insert(rest.begin(), whole.begin(), whole.begin() + cut);
      EXPECT_EQ(rest, whole) << "cut at " << cut;
    }
  }
}

TEST_F(ConstraintTest, SpeculationChangesNothing) {
  const Constraint constraint = {ConstraintKind::kRegex, "((ab|12){3},){8}"};
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const GenerationRequest request = Request(seed, constraint);
    EXPECT_EQ(Run(request, FinishReason::kEndToken, 4), Run(request, FinishReason::kEndToken));
  }
  EXPECT_GT(drafted_, 0);
}

TEST_F(ConstraintTest, EndTokensAreChosenOnlyWhereTheTextMayEnd) {
  TinyScheduler tiny({.end_ids = {297, 298}});
  RecordingSink sink;
  Add(tiny, Request(1, {ConstraintKind::kRegex, "[a-c]{3}|[a-c]{3}1{50}"}), sink);
  RecordingSink with_minimum;
  GenerationRequest request = Request(1, {ConstraintKind::kRegex, "[a-c]{3}"});
  request.min_tokens = 100;
  Add(tiny, request, with_minimum);
  tiny.RunAll();
  EXPECT_EQ(sink.reason(), FinishReason::kEndToken);
  EXPECT_GE(Text(sink.ids()).size(), 3u);
  // Nothing may follow: min_tokens cannot help.
  EXPECT_EQ(with_minimum.reason(), FinishReason::kEndToken);
  EXPECT_EQ(Text(with_minimum.ids()).size(), 3u);
}

TEST_F(ConstraintTest, LogprobsAreOfTheWholeDistribution) {
  TinyScheduler tiny;
  RecordingSink sink;
  GenerationRequest request = Request(0, {ConstraintKind::kRegex, "a"});
  request.num_logprobs = 1;
  Add(tiny, request, sink);
  tiny.RunAll();
  ASSERT_EQ(sink.ids(), std::vector<int32_t>{'a'});
  EXPECT_LT(*sink.tokens()[0].logprob, -0.5f);
  EXPECT_NE(sink.tokens()[0].alternatives[0].id, 'a');
}

TEST_F(ConstraintTest, ADeadEndEndsTheAnswer) {
  std::vector<std::string> tokens(512);
  tokens['a'] = "a";
  const ListTokenizer poor(tokens);
  GrammarCache grammars(&poor, 512);
  TinyScheduler tiny;
  RecordingSink sink;
  GenerationRequest request = Request(0, {ConstraintKind::kRegex, "aab"});
  auto matcher = grammars.NewMatcher(request.constraint, {});
  ASSERT_TRUE(matcher.ok());
  tiny.scheduler.Add(1, request, &sink, Sequence::Clock::now(), {}, *std::move(matcher));
  tiny.RunAll();
  EXPECT_EQ(sink.reason(), FinishReason::kDeadEnd);
  EXPECT_EQ(sink.ids(), std::vector<int32_t>(2, 'a'));
}

TEST_F(ConstraintTest, OthersInTheBatchAreNotConstrained) {
  TinyScheduler tiny;
  RecordingSink alone, beside, constrained;
  Add(tiny, Request(2, {}), alone);
  tiny.RunAll();
  Add(tiny, Request(2, {}), beside);
  Add(tiny, Request(3, {ConstraintKind::kJsonObject}), constrained);
  tiny.RunAll();
  EXPECT_EQ(alone.ids(), beside.ids());
}

}  // namespace
}  // namespace bitnet

#include "bench/options.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

std::variant<BenchOptions, BenchExit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "bitnet-bench");
  return ParseBenchOptions(static_cast<int>(arguments.size()), arguments.data());
}

BenchOptions Parsed(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  EXPECT_TRUE(std::holds_alternative<BenchOptions>(parsed));
  return std::holds_alternative<BenchOptions>(parsed) ? std::get<BenchOptions>(parsed) : BenchOptions();
}

int ExitStatus(const std::vector<const char*>& arguments) {
  const auto parsed = Parse(arguments);
  const auto* exit = std::get_if<BenchExit>(&parsed);
  return exit == nullptr ? -1 : exit->status;
}

TEST(BenchOptionsTest, ReadsListsSeparatedByCommas) {
  const BenchOptions o = Parsed({"decode", "--threads", "1,2", "--batch", "1,2,4", "--context", "0,1024"});
  EXPECT_EQ(o.command, Command::kDecode);
  EXPECT_EQ(o.threads, (std::vector<int>{1, 2}));
  EXPECT_EQ(o.batch, (std::vector<int>{1, 2, 4}));
  EXPECT_EQ(o.contexts, (std::vector<int>{0, 1024}));
}

TEST(BenchOptionsTest, DecodesOneSequenceUnlessToldOtherwiseAndBatchesSeveral) {
  EXPECT_EQ(Parsed({"decode"}).batch, (std::vector<int>{1}));
  EXPECT_EQ(Parsed({"batch"}).batch, (std::vector<int>{1, 2, 4, 8}));
  EXPECT_EQ(Parsed({"batch", "--sequences", "8"}).batch, (std::vector<int>{8}));
}

TEST(BenchOptionsTest, TakesModelOrShapeButNotBoth) {
  EXPECT_EQ(Parsed({"prefill", "--model", "a.gguf"}).model, "a.gguf");
  EXPECT_EQ(Parsed({"prefill", "--shape", "2b-4t", "--type", "base3"}).type, "base3");
  EXPECT_EQ(ExitStatus({"prefill", "--model", "a.gguf", "--shape", "2b-4t"}), 2);
  EXPECT_EQ(ExitStatus({"prefill", "--model", "a.gguf", "--type", "base3"}), 2);
}

TEST(BenchOptionsTest, ReadsHowTheModelIsLoaded) {
  const BenchOptions o = Parsed({"decode", "--head-format", "exact", "--kv-type", "int8"});
  EXPECT_EQ(o.head_format, HeadFormat::kExact);
  EXPECT_EQ(o.kv_type, KvType::kInt8);
  EXPECT_EQ(ExitStatus({"decode", "--kv-type", "int3"}), 2);
}

TEST(BenchOptionsTest, ReadsFormatAndOutput) {
  const BenchOptions o = Parsed({"machine", "--format", "json", "--output", "m.json"});
  EXPECT_EQ(o.format, OutputFormat::kJson);
  EXPECT_EQ(o.output, "m.json");
  EXPECT_EQ(ExitStatus({"machine", "--format", "xml"}), 2);
}

TEST(BenchOptionsTest, RefusesWhatIsOutOfRange) {
  EXPECT_EQ(ExitStatus({"decode", "--batch", "0"}), 2);
  EXPECT_EQ(ExitStatus({"decode", "--repetitions", "0"}), 2);
  EXPECT_EQ(ExitStatus({"decode", "--threads", "two"}), 2);
}

TEST(BenchOptionsTest, WantsACommand) {
  EXPECT_EQ(ExitStatus({}), 2);
  EXPECT_EQ(ExitStatus({"fly"}), 2);
}

TEST(BenchOptionsTest, ReadsFilesForPerplexityAndWantsThemForPlot) {
  EXPECT_EQ(ExitStatus({"plot"}), 2);
  EXPECT_EQ(Parsed({"perplexity", "t.jsonl", "--against", "b.gguf"}).against, "b.gguf");
  EXPECT_EQ(Parsed({"plot", "a.json", "b.json"}).inputs, (std::vector<std::string>{"a.json", "b.json"}));
}

}  // namespace
}  // namespace bitnet

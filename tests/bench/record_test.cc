#include "bench/report/record.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

bool Has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

std::vector<Record> TwoRecords() {
  Record decode;
  decode["benchmark"] = "decode";
  decode["model"] = "a, \"quoted\" name";
  decode["threads"] = 2;
  decode["tokens_per_second"] = 123.456;
  decode["bandwidth_share"] = 0.5;
  Record prefill;
  prefill["benchmark"] = "prefill";
  prefill["prompt_tokens"] = 128;
  prefill["tokens_per_second"] = 1000.0;
  return {decode, prefill};
}

TEST(RecordTest, IsTheSameAfterJson) {
  const Record json = Record::parse(ToJson(TwoRecords()));
  ASSERT_TRUE(json.is_array());
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0], TwoRecords()[0]);
  EXPECT_EQ(json[1], TwoRecords()[1]);
}

TEST(RecordTest, IsAnEmptyArrayWithoutRecords) { EXPECT_EQ(Record::parse(ToJson({})), Record::array()); }

TEST(RecordTest, HasAllKeysInCsvInTheOrderInWhichTheyOccur) {
  EXPECT_EQ(ToCsv(TwoRecords()),
            "benchmark,model,threads,tokens_per_second,bandwidth_share,prompt_tokens\n"
            "decode,\"a, \"\"quoted\"\" name\",2,123.456,0.5,\n"
            "prefill,,,1000.0,,128\n");
}

TEST(RecordTest, LeavesColumnsOfTheTableOutThatNoRecordHas) {
  const std::string table = ToTable(TwoRecords());
  EXPECT_TRUE(Has(table, "| benchmark | model | threads | prompt | tokens/s | of bandwidth |")) << table;
  EXPECT_FALSE(Has(table, "J/token"));
}

TEST(RecordTest, RoundsInTheTable) {
  const std::string table = ToTable(TwoRecords());
  EXPECT_TRUE(Has(table, "| 123.5 | 50 % |")) << table;
  EXPECT_TRUE(Has(table, "| 1000 |")) << table;
}

TEST(RecordTest, NamesTheBuildBelowTheTable) {
  std::vector<Record> records = TwoRecords();
  records[0]["commit"] = "abc";
  records[0]["compiler"] = "GNU 12.2.0";
  EXPECT_TRUE(Has(ToTable(records), "\ncommit abc, compiler GNU 12.2.0\n")) << ToTable(records);
}

TEST(RecordTest, KnowsItsFormats) {
  EXPECT_EQ(*ParseFormat("csv"), OutputFormat::kCsv);
  EXPECT_EQ(ParseFormat("xml").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bitnet

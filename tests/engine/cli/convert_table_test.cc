#include "engine/cli/convert_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bitnet {
namespace {

TensorPlan Plan(std::string name, GgmlType to, uint64_t bytes, std::string why) {
  return {.name = std::move(name),
          .from = GgmlType::kI2S,
          .to = to,
          .bytes = bytes,
          .rows = 16,
          .k = 256,
          .why = std::move(why)};
}

const std::vector<TensorPlan> kPlans = {Plan("output.weight", GgmlType::kF16, 8192, "floats"),
                                        Plan("blk.0.ffn_up.weight", GgmlType::kTQ2_0, 1056, "as asked"),
                                        Plan("blk.1.ffn_up.weight", GgmlType::kTQ2_0, 1056, "as asked")};

std::vector<std::string> Lines(const std::string& table) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < table.size();) {
    const size_t end = table.find('\n', at);
    lines.push_back(table.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(ConvertTableTest, MakesOneLineOfEqualTensorsOfAllLayers) {
  std::vector<EncodeError> errors(3);
  errors[2] = {.largest = 1, .sum_of_squares = 1, .source_sum_of_squares = 1e6, .num_weights = 4096};
  const auto lines = Lines(ConversionTable(kPlans, errors, false));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "tensor                   from  to     bits    MiB   error    why");
  EXPECT_EQ(lines[1], "output.weight            I2_S  F16    16.000  0.01  exact    floats");
  EXPECT_EQ(lines[2], "blk.*.ffn_up.weight  x2  I2_S  TQ2_0  2.062   0.00  1.0e-03  as asked");
}

TEST(ConvertTableTest, ListsEveryTensorIfAskedTo) {
  const auto lines = Lines(ConversionTable(kPlans, {}, true));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0].find("error"), std::string::npos);
  EXPECT_EQ(lines[3].find("blk.1.ffn_up.weight"), 0u);
}

TEST(ConvertTableTest, KeepsApartWhatBecameDifferentThings) {
  std::vector<TensorPlan> plans = kPlans;
  plans[2].to = GgmlType::kF16;
  EXPECT_EQ(Lines(ConversionTable(plans, {}, false)).size(), 4u);
}

}  // namespace
}  // namespace bitnet

#include "bench/report/statistics.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(StatisticsTest, TakesTheMiddleOfAnOddNumber) {
  const double values[] = {5, 1, 3};
  EXPECT_EQ(Median(values), 3);
}

TEST(StatisticsTest, TakesTheMeanOfTheMiddleTwoOfAnEvenNumber) {
  const double values[] = {8, 1, 2, 4};
  EXPECT_EQ(Median(values), 3);
}

TEST(StatisticsTest, KeepsLowestAndHighest) {
  const double values[] = {5, 1, 3};
  const Summary summary = Summarise(values);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 5);
}

TEST(StatisticsTest, FindsPercentilesAmongTheValues) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  EXPECT_EQ(Percentile(values, 0.50), 50);
  EXPECT_EQ(Percentile(values, 0.95), 95);
  EXPECT_EQ(Percentile(values, 1.00), 100);
}

TEST(StatisticsTest, FindsEveryPercentileOfASingleValueInIt) {
  const double values[] = {7};
  EXPECT_EQ(Percentile(values, 0.01), 7);
  EXPECT_EQ(Percentile(values, 0.99), 7);
}

}  // namespace
}  // namespace bitnet

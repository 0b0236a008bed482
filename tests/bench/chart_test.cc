#include "bench/plot/chart.h"

#include <gtest/gtest.h>

#include "bench/plot/axis.h"
#include "bench/plot/rate_charts.h"
#include "bench/plot/svg.h"

namespace bitnet {
namespace {

bool Has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Record Rate(const char* benchmark, int threads, int batch, double rate) {
  Record record;
  record["benchmark"] = benchmark;
  record["model"] = "m<1>";
  record["threads"] = threads;
  record["batch"] = batch;
  record["context"] = 0;
  record["tokens_per_second"] = rate;
  record["tokens_per_second_min"] = rate - 1;
  record["tokens_per_second_max"] = rate + 1;
  record["bytes_per_second"] = 1e9;
  record["macs_per_second"] = 4e9 * batch;
  record["machine_bandwidth"] = 2e9;
  record["machine_int8_macs"] = 100e9;
  return record;
}

// Whether tags are closed in the order in which they were opened, and nothing is outside of the first.
bool IsWellFormed(const std::string& xml) {
  std::vector<std::string> open;
  size_t at = 0;
  int roots = 0;
  while ((at = xml.find('<', at)) != std::string::npos) {
    const size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.find('<') != std::string::npos) return false;
    if (tag.front() == '/') {
      if (open.empty() || "/" + open.back() != tag) return false;
      open.pop_back();
    } else {
      if (open.empty() && ++roots > 1) return false;
      if (tag.back() != '/') open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() && roots == 1;
}

TEST(AxisTest, RoundsTicks) {
  EXPECT_EQ(RoundTicks(9.3, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(RoundTicks(100, 4), (std::vector<double>{0, 50, 100}));
  EXPECT_EQ(RoundTicks(0, 2), (std::vector<double>{0, 0.5, 1}));
}

TEST(AxisTest, HasLogarithmicTicks) {
  EXPECT_EQ(LogTicks(1, 30), (std::vector<double>{1, 2, 5, 10, 20}));
  EXPECT_EQ(LogTicks(0.5, 40000), (std::vector<double>{1, 10, 100, 1000, 10000}));
}

TEST(AxisTest, PutsValuesInProportion) {
  const Axis linear = {.low = 0, .high = 10, .begin = 100, .end = 200};
  EXPECT_EQ(linear.At(5), 150);
  const Axis logarithmic = {.low = 1, .high = 100, .logarithmic = true, .begin = 0, .end = 10};
  EXPECT_DOUBLE_EQ(logarithmic.At(10), 5);
}

TEST(SvgTest, EscapesText) { EXPECT_EQ(EscapeXml("a<b & \"c\">\n"), "a&lt;b &amp; &quot;c&quot;&gt;"); }

TEST(RateChartTest, JoinsRecordsThatDifferInNothingElse) {
  const auto chart = RateChart(
      {Rate("batch", 2, 1, 10), Rate("batch", 1, 1, 6), Rate("batch", 1, 4, 12), Rate("batch", 2, 4, 20)},
      false, "batch");
  ASSERT_TRUE(chart.has_value());
  ASSERT_EQ(chart->series.size(), 2u);
  EXPECT_EQ(chart->series[0].name, "threads 1");
  EXPECT_EQ(chart->series[1].name, "threads 2");
  EXPECT_EQ(chart->series[1].points[1].y, 20);
  EXPECT_EQ(chart->x_ticks, (std::vector<double>{1, 4}));
}

TEST(RateChartTest, NeedsTwoPoints) {
  EXPECT_FALSE(RateChart({Rate("decode", 1, 1, 10)}, false, "threads").has_value());
  EXPECT_FALSE(RateChart({Rate("decode", 1, 1, 10), Rate("decode", 2, 1, 10)}, true, "threads").has_value());
}

TEST(RateChartTest, IsWellFormedSvgWithAxesAndLegend) {
  const auto chart = RateChart({Rate("decode", 1, 1, 10), Rate("decode", 2, 1, 19)}, false, "threads");
  ASSERT_TRUE(chart.has_value());
  const std::string svg = RenderChart(*chart);
  EXPECT_TRUE(IsWellFormed(svg)) << svg;
  EXPECT_TRUE(Has(svg, ">tokens per second</text>")) << svg;
  EXPECT_TRUE(Has(svg, ">threads</text>")) << svg;
  EXPECT_TRUE(Has(svg, "m&lt;1&gt;")) << svg;
}

TEST(RooflineChartTest, DrawsTheMachineAsRoofOfTheMeasured) {
  const auto chart =
      RooflineChart({Rate("decode", 1, 1, 9), Rate("decode", 2, 1, 10), Rate("batch", 2, 8, 60)});
  ASSERT_TRUE(chart.has_value());
  ASSERT_EQ(chart->series.size(), 3u);
  // The ridge: 100 GMAC/s at 2 GB/s are 50 multiply-adds for each byte.
  EXPECT_EQ(chart->series[0].points[1].x, 50);
  EXPECT_EQ(chart->series[0].points[1].y, 100);
  EXPECT_EQ(chart->series[1].name, "batch");
  EXPECT_EQ(chart->series[1].points[0].x, 32);
  EXPECT_EQ(chart->series[2].points.size(), 1u);  // Of 2 threads alone.
  EXPECT_TRUE(IsWellFormed(RenderChart(*chart)));
}

TEST(RooflineChartTest, NeedsCeilings) {
  Record record = Rate("decode", 1, 1, 10);
  record.erase("machine_bandwidth");
  EXPECT_FALSE(RooflineChart({record}).has_value());
}

}  // namespace
}  // namespace bitnet

#include "service/top/figures.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

Snapshot At(double seconds, const std::string& text) {
  return {.time = absl::UnixEpoch() + absl::Seconds(seconds), .page = Exposition::Parse(text)};
}

TEST(ExpositionTest, ReadsLabelsAndValues) {
  const Exposition page = Exposition::Parse(
      "# HELP a b\n# TYPE a counter\na{x=\"1\",y=\"q\\\"u\\no\\\\te\"} 2.5\na{x=\"2\"} 1e3\nb "
      "7\nbroken{x=\n\nc{} 1\n");
  EXPECT_EQ(page.Sum("a"), 1002.5);
  EXPECT_EQ(page.Max("a"), 1000);
  EXPECT_EQ(page.Sum("a", {{"x", "1"}}), 2.5);
  EXPECT_EQ(page.All("a", {{"x", "1"}})[0].labels.at("y"), "q\"u\no\\te");
  EXPECT_EQ(page.Sum("b"), 7);
  EXPECT_EQ(page.Sum("c"), 1);
  EXPECT_EQ(page.Sum("a", {{"x", "3"}}), std::nullopt);
  EXPECT_EQ(page.Sum("broken"), std::nullopt);
}

TEST(FiguresTest, GivesRates) {
  EXPECT_EQ(Rate(At(1, "a 10\n"), At(3, "a 30\n"), "a"), 10);
  EXPECT_EQ(Rate(At(1, "a 10\n"), At(3, "a 4\n"), "a"), 2);  // It began anew.
  EXPECT_EQ(Rate(At(1, ""), At(3, "a 4\n"), "a"), 2);
  EXPECT_EQ(Rate(At(1, "a 1\n"), At(3, ""), "a"), std::nullopt);
  EXPECT_EQ(Rate(At(1, "a 1\n"), At(1, "a 1\n"), "a"), std::nullopt);
}

TEST(FiguresTest, GivesQuantilesOfWhatIsNew) {
  const auto page = [](int a, int b, int c) {
    return "h_bucket{le=\"1\"} " + std::to_string(a) + "\nh_bucket{le=\"3\"} " + std::to_string(b) +
           "\nh_bucket{le=\"+Inf\"} " + std::to_string(c) + "\n";
  };
  const Snapshot from = At(0, page(5, 5, 5));
  EXPECT_EQ(Quantile(from, At(1, page(5, 15, 15)), "h", 0.5), 2);
  EXPECT_EQ(Quantile(from, At(1, page(15, 15, 15)), "h", 0.5), 0.5);
  EXPECT_EQ(Quantile(from, At(1, page(5, 5, 15)), "h", 0.5), 3);  // Beyond the last bound.
  EXPECT_EQ(Quantile(from, from, "h", 0.5), std::nullopt);
}

TEST(FiguresTest, ShowsThreeDigits) {
  EXPECT_EQ(ShowNumber(1.234), "1.23");
  EXPECT_EQ(ShowNumber(123.4), "123");
  EXPECT_EQ(ShowNumber(23456), "23.5 k");
  EXPECT_EQ(ShowNumber(std::nullopt), "-");
  EXPECT_EQ(ShowSeconds(0.0125), "12.5 ms");
  EXPECT_EQ(ShowSeconds(2.5), "2.50 s");
}

}  // namespace
}  // namespace bitnet

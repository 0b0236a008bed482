#include "service/top/screen.h"

#include <gtest/gtest.h>

#include "absl/strings/str_join.h"

namespace bitnet {
namespace {

constexpr char kPage[] =
    "bitnet_build_info{version=\"1.2\"} 1\n"
    "bitnet_worker_up{model=\"m\",worker=\"W0\"} 1\nbitnet_worker_up{model=\"m\",worker=\"W1\"} 0\n"
    "bitnet_worker_restarts_total{model=\"m\",worker=\"W1\",reason=\"crash\"} 3\n"
    "bitnet_requests_running{model=\"m\",worker=\"W0\"} 2\n"
    "bitnet_kv_blocks{model=\"m\",worker=\"W0\"} 100\nbitnet_kv_blocks_used{model=\"m\",worker=\"W0\"} 50\n";

std::string Shown(const std::string& from, const std::string& to) {
  const Snapshot first{.time = absl::UnixEpoch(), .page = Exposition::Parse(from)};
  const Snapshot second{.time = absl::UnixEpoch() + absl::Seconds(2), .page = Exposition::Parse(to)};
  return absl::StrJoin(Screen(first, second), "\n");
}

TEST(ScreenTest, ShowsWorkersAndRates) {
  const std::string text = Shown(std::string(kPage) + "bitnet_generated_tokens_total{model=\"m\"} 10\n",
                                 std::string(kPage) + "bitnet_generated_tokens_total{model=\"m\"} 110\n");
  EXPECT_TRUE(text.starts_with("bitnet 1.2   1 of 2 workers ready\n")) << text;
  EXPECT_NE(text.find("50.0 generated"), std::string::npos) << text;
  EXPECT_NE(text.find("[##########..........]  50 %"), std::string::npos) << text;
  EXPECT_NE(text.find("W1 m                           down, 3 restarts"), std::string::npos) << text;
  EXPECT_EQ(text.find("power"), std::string::npos) << text;
}

TEST(ScreenTest, ShowsEnergyWhereItIsMeasured) {
  const std::string energy =
      "bitnet_power_watts{source=\"s\"} 7.5\nbitnet_temperature_celsius{sensor=\"t\"} 61\n";
  const std::string text =
      Shown(energy + "bitnet_request_energy_joules_total 5\nbitnet_generated_tokens_total 0\n",
            energy + "bitnet_request_energy_joules_total 15\nbitnet_generated_tokens_total 100\n");
  EXPECT_NE(text.find("7.50 W, 0.10 J per token"), std::string::npos) << text;
  EXPECT_NE(text.find("61.0 C, thermal pressure -"), std::string::npos) << text;
}

TEST(ScreenTest, FillsBars) {
  EXPECT_EQ(Bar(0, 4), "....");
  EXPECT_EQ(Bar(0.5, 4), "##..");
  EXPECT_EQ(Bar(2, 4), "####");
}

}  // namespace
}  // namespace bitnet

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "service/metrics/metrics_text.h"
#include "service/metrics/request_metrics.h"
#include "service/metrics/sensor_metrics.h"
#include "service/metrics/worker_metrics.h"

namespace bitnet {
namespace {

std::string TextOf(std::vector<prometheus::MetricFamily> families) {
  struct Fixed : prometheus::Collectable {
    std::vector<prometheus::MetricFamily> Collect() const override { return families; }
    std::vector<prometheus::MetricFamily> families;
  } fixed;
  fixed.families = std::move(families);
  const prometheus::Collectable* const sources[] = {&fixed};
  return MetricsText(sources);
}

std::string Text(const std::vector<WorkerPool::View>& views) { return TextOf(WorkerFamilies(views)); }
std::string SensorText(const std::vector<WorkerPool::View>& views) { return TextOf(SensorFamilies(views)); }

bool Has(const std::string& text, const std::string& line) {
  return text.find(line + "\n") != std::string::npos;
}

TEST(MetricsTest, CountsRequestsAndTokens) {
  RequestMetrics requests;
  ModelMetrics& metrics = requests.ForModel("m");
  metrics.CountPromptTokens(5);
  metrics.CountGeneratedToken(true, absl::Milliseconds(3));
  metrics.CountGeneratedToken(false, absl::Milliseconds(1));
  metrics.CountRequest("Generate", absl::StatusCode::kOk, "length", absl::Seconds(1));
  const prometheus::Collectable* const sources[] = {&requests.collectable()};
  const std::string text = MetricsText(sources);
  EXPECT_TRUE(
      Has(text, "bitnet_requests_total{code=\"OK\",method=\"Generate\",model=\"m\",reason=\"length\"} 1"))
      << text;
  EXPECT_TRUE(Has(text, "bitnet_prompt_tokens_total{model=\"m\"} 5")) << text;
  EXPECT_TRUE(Has(text, "bitnet_generated_tokens_total{model=\"m\"} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_time_to_first_token_seconds_bucket{model=\"m\",le=\"0.005\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_time_to_first_token_seconds_bucket{model=\"m\",le=\"0.0025\"} 0")) << text;
  EXPECT_TRUE(Has(text, "bitnet_inter_token_latency_seconds_count{model=\"m\"} 1")) << text;
}

TEST(MetricsTest, ShowsAWorkersStatusWithCumulativeBuckets) {
  WorkerPool::View view{.name = "W0", .model = "m", .up = true, .restarts = 2};
  view.status.emplace();
  view.status->add_step_seconds_bounds(0.5);
  view.status->add_step_seconds_buckets(3);
  view.status->add_step_seconds_buckets(1);
  view.status->set_kv_blocks(10);
  view.status->set_kv_blocks_free(4);
  view.status->set_running(1);
  view.status->set_drafted_tokens(9);
  view.status->set_accepted_tokens(7);
  view.status->set_prefix_query_tokens(100);
  view.status->set_prefix_hit_tokens(48);
  view.status->set_preemptions(3);
  const std::string text = Text({view});
  EXPECT_TRUE(Has(text, "bitnet_worker_up{model=\"m\",worker=\"W0\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_restarts_total{model=\"m\",worker=\"W0\"} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_step_seconds_bucket{model=\"m\",worker=\"W0\",le=\"0.5\"} 3")) << text;
  EXPECT_TRUE(Has(text, "bitnet_step_seconds_bucket{model=\"m\",worker=\"W0\",le=\"+Inf\"} 4")) << text;
  EXPECT_TRUE(Has(text, "bitnet_kv_blocks_used{model=\"m\",worker=\"W0\"} 6")) << text;
  EXPECT_TRUE(Has(text, "bitnet_requests_running{model=\"m\",worker=\"W0\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_drafted_tokens_total{model=\"m\",worker=\"W0\"} 9")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_accepted_tokens_total{model=\"m\",worker=\"W0\"} 7")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_prefix_query_tokens_total{model=\"m\",worker=\"W0\"} 100")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_prefix_hit_tokens_total{model=\"m\",worker=\"W0\"} 48")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_preemptions_total{model=\"m\",worker=\"W0\"} 3")) << text;
}

TEST(MetricsTest, ShowsEnergyAndHeat) {
  WorkerPool::View view{.name = "W0", .model = "m", .up = true};
  worker::v1::WorkerStatus& status = view.status.emplace();
  worker::v1::EnergyTotal& package = *status.add_energy();
  package.mutable_energy()->set_joules(12.5);
  package.mutable_energy()->set_source("powercap");
  package.mutable_energy()->set_scope("package");
  package.set_watts(7.5);
  status.set_charged_joules(10);
  status.set_idle_joules(2);
  status.add_temperatures()->set_sensor("k10temp Tctl");
  status.mutable_temperatures(0)->set_celsius(61.25);
  status.set_thermal_pressure(worker::v1::THERMAL_PRESSURE_SERIOUS);
  view.weight = 0.5;
  status.set_throttle_events(3);
  status.add_frequencies()->set_cpu("1");
  status.mutable_frequencies(0)->set_hertz(2e9);
  status.mutable_frequencies(0)->set_max_hertz(3e9);
  const std::string text = SensorText({view});
  const std::string labels = "{model=\"m\",worker=\"W0\"";
  EXPECT_TRUE(
      Has(text, "bitnet_energy_joules_total" + labels + ",source=\"powercap\",scope=\"package\"} 12.5"))
      << text;
  EXPECT_TRUE(Has(text, "bitnet_power_watts" + labels + ",source=\"powercap\",scope=\"package\"} 7.5"))
      << text;
  EXPECT_TRUE(Has(text, "bitnet_request_energy_joules_total" + labels + "} 10")) << text;
  EXPECT_TRUE(Has(text, "bitnet_idle_energy_joules_total" + labels + "} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_temperature_celsius" + labels + ",sensor=\"k10temp Tctl\"} 61.25")) << text;
  EXPECT_TRUE(Has(text, "bitnet_thermal_pressure" + labels + "} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_heat_weight" + labels + "} 0.5")) << text;
  EXPECT_TRUE(Has(text, "bitnet_cpu_throttle_events_total" + labels + "} 3")) << text;
  EXPECT_TRUE(Has(text, "bitnet_cpu_frequency_hertz" + labels + ",cpu=\"1\"} 2000000000")) << text;
  EXPECT_TRUE(Has(text, "bitnet_cpu_frequency_max_hertz" + labels + ",cpu=\"1\"} 3000000000")) << text;
}

TEST(MetricsTest, ClaimsNoZeroWhereNothingIsMeasured) {
  WorkerPool::View view{.name = "W0", .model = "m", .up = true};
  view.status.emplace();
  EXPECT_EQ(SensorText({view}), "");
  EXPECT_EQ(SensorText({{.name = "W1", .model = "m", .up = false}}), "");
}

TEST(MetricsTest, LeavesNothingOfADeadWorkerButThatItIsDown) {
  const std::string text = Text({{.name = "W0", .model = "m", .up = false, .restarts = 1}});
  EXPECT_TRUE(Has(text, "bitnet_worker_up{model=\"m\",worker=\"W0\"} 0")) << text;
  EXPECT_EQ(text.find("bitnet_requests_running"), std::string::npos) << text;
}

}  // namespace
}  // namespace bitnet

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/errors/error_details.h"
#include "service/metrics/front_metrics.h"
#include "service/metrics/metrics_text.h"
#include "service/metrics/request_metrics.h"
#include "service/metrics/sensor_metrics.h"
#include "service/metrics/worker_metrics.h"

namespace bitnet {
namespace {

std::string Text(const std::vector<WorkerPool::View>& views) { return MetricsText(WorkerFamilies(views)); }
std::string SensorText(const std::vector<WorkerPool::View>& views) {
  return MetricsText(SensorFamilies(views));
}

bool Has(const std::string& text, const std::string& line) {
  return text.find(line + "\n") != std::string::npos;
}

TEST(MetricsTest, CountsRequestsAndTokens) {
  RequestMetrics requests;
  ModelMetrics& metrics = requests.ForModel("m");
  metrics.CountPromptTokens(5);
  metrics.CountFirstToken(absl::Milliseconds(2), absl::Milliseconds(30));
  metrics.CountNextToken(absl::Milliseconds(1));
  metrics.CountDeliveredTokens(2);
  metrics.CountCachedTokens(3);
  metrics.CountRequest("Generate", absl::StatusCode::kOk, "length", absl::Seconds(1));
  const std::string text = MetricsText(requests.Collect());
  EXPECT_TRUE(
      Has(text, "bitnet_requests_total{code=\"OK\",method=\"Generate\",model=\"m\",reason=\"length\"} 1"))
      << text;
  EXPECT_TRUE(Has(text, "bitnet_prompt_tokens_total{model=\"m\"} 5")) << text;
  EXPECT_TRUE(Has(text, "bitnet_cached_prompt_tokens_total{model=\"m\"} 3")) << text;
  EXPECT_TRUE(Has(text, "bitnet_generated_tokens_total{model=\"m\"} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_delivered_tokens_total{model=\"m\"} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_inter_token_latency_seconds_count{model=\"m\"} 1")) << text;
}

TEST(MetricsTest, DividesTheTimeToTheFirstTokenIntoQueueAndPrefill) {
  RequestMetrics requests;
  requests.ForModel("m").CountFirstToken(absl::Milliseconds(20), absl::Milliseconds(35));
  const std::string text = MetricsText(requests.Collect());
  EXPECT_TRUE(Has(text, "bitnet_request_queue_seconds_sum{model=\"m\"} 0.02")) << text;
  EXPECT_TRUE(Has(text, "bitnet_request_prefill_seconds_sum{model=\"m\"} 0.035")) << text;
  EXPECT_TRUE(Has(text, "bitnet_time_to_first_token_seconds_bucket{model=\"m\",le=\"0.06\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_time_to_first_token_seconds_bucket{model=\"m\",le=\"0.04\"} 0")) << text;
}

TEST(MetricsTest, CountsWhatIsTurnedAwayByReason) {
  RequestMetrics requests;
  ModelMetrics& metrics = requests.ForModel("m");
  metrics.CountRejection(WithReason(absl::ResourceExhaustedError("full"), "QUEUE_FULL"));
  metrics.CountRejection(WithReason(absl::DeadlineExceededError("late"), "DEADLINE_OUT_OF_REACH"));
  metrics.CountRejection(absl::InvalidArgumentError("wrong"));
  metrics.CountRejection(absl::OkStatus());
  metrics.CountRejection(WithReason(absl::UnavailableError("gone"), "WORKER_LOST"));
  metrics.CountRejection(absl::CancelledError("the client left"));
  metrics.CountRejection(absl::DeadlineExceededError("the client's deadline"));
  const std::string text = MetricsText(requests.Collect());
  EXPECT_TRUE(Has(text, "bitnet_rejections_total{model=\"m\",reason=\"queue_full\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_rejections_total{model=\"m\",reason=\"deadline_out_of_reach\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_rejections_total{model=\"m\",reason=\"invalid_argument\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_rejections_total{model=\"m\",reason=\"client_queue_full\"} 0")) << text;
  EXPECT_EQ(text.find("reason=\"cancelled\""), std::string::npos) << text;
  EXPECT_EQ(text.find("reason=\"worker_lost\""), std::string::npos) << text;
  EXPECT_EQ(text.find("reason=\"deadline_exceeded\""), std::string::npos) << text;
}

TEST(MetricsTest, ShowsWhatWaitsBesideWhatMay) {
  const std::string text = MetricsText(
      FrontFamilies({.waiting = 3, .waiting_tokens = 70, .limits = {.requests = 9}, .answers = 5}));
  EXPECT_TRUE(Has(text, "bitnet_queue_requests 3")) << text;
  EXPECT_TRUE(Has(text, "bitnet_queue_requests_limit 9")) << text;
  EXPECT_TRUE(Has(text, "bitnet_queue_tokens 70")) << text;
  EXPECT_TRUE(Has(text, "bitnet_queue_tokens_limit 262144")) << text;
  EXPECT_TRUE(Has(text, "bitnet_answers_in_progress 5")) << text;
}

TEST(MetricsTest, TellsProcessorTimeByTheKindOfCores) {
  const auto text_of = [](CoreKind kind, std::optional<double> performance) {
    WorkerPool::View view{.name = "W0", .model = "m", .kind = kind, .up = true};
    view.status.emplace().set_cpu_seconds(10);
    if (performance.has_value()) view.status->set_performance_cpu_seconds(*performance);
    return Text({view});
  };
  const auto line = [](const char* kind, const char* value) {
    return absl::StrCat("bitnet_worker_cpu_seconds_total{model=\"m\",worker=\"W0\",core_kind=\"", kind,
                        "\"} ", value);
  };
  EXPECT_TRUE(Has(text_of(CoreKind::kPerformance, {}), line("performance", "10")));
  EXPECT_TRUE(Has(text_of(CoreKind::kEfficiency, {}), line("efficiency", "10")));
  EXPECT_TRUE(Has(text_of(CoreKind::kUnknown, {}), line("unknown", "10")));
  // Threads that are not pinned are where the system puts them.
  const std::string both = text_of(CoreKind::kPerformance, 7);
  EXPECT_TRUE(Has(both, line("performance", "7"))) << both;
  EXPECT_TRUE(Has(both, line("efficiency", "3"))) << both;
}

TEST(MetricsTest, TellsAboutModelsThatAreKnown) {
  v1::Model model;
  model.set_name("m");
  model.set_architecture("bitnet-b1.58");
  model.set_parameters(2400000000);
  model.set_context_length(4096);
  model.set_file_bytes(1200);
  model.set_fingerprint("8-15");
  const std::string text = MetricsText(ModelFamilies({model}));
  EXPECT_TRUE(Has(text,
                  "bitnet_model_info{model=\"m\",architecture=\"bitnet-b1.58\",parameters=\"2400000000\","
                  "context_length=\"4096\",file_bytes=\"1200\",fingerprint=\"8-15\"} 1"))
      << text;
  EXPECT_EQ(MetricsText(ModelFamilies({})), "");
}

TEST(MetricsTest, ShowsAWorkersStatusWithCumulativeBuckets) {
  WorkerPool::View view{.name = "W0", .model = "m", .up = true, .restarts_by_reason = {2}};
  view.step_age = absl::Seconds(7);
  view.status.emplace();
  view.status->add_step_seconds_bounds(0.5);
  view.status->add_step_seconds_buckets(3);
  view.status->add_step_seconds_buckets(1);
  view.status->add_batch_size_bounds(1);
  view.status->add_batch_size_buckets(1);
  view.status->add_batch_size_buckets(3);
  view.status->set_batch_size_sum(10);
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
  EXPECT_TRUE(Has(text, "bitnet_worker_restarts_total{model=\"m\",worker=\"W0\",reason=\"exit\"} 2")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_restarts_total{model=\"m\",worker=\"W0\",reason=\"planned\"} 0"))
      << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_last_step_age_seconds{model=\"m\",worker=\"W0\"} 7")) << text;
  EXPECT_TRUE(Has(text, "bitnet_batch_size_bucket{model=\"m\",worker=\"W0\",le=\"1\"} 1")) << text;
  EXPECT_TRUE(Has(text, "bitnet_batch_size_bucket{model=\"m\",worker=\"W0\",le=\"+Inf\"} 4")) << text;
  EXPECT_TRUE(Has(text, "bitnet_batch_size_sum{model=\"m\",worker=\"W0\"} 10")) << text;
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
  status.set_memory_pressure(worker::v1::MEMORY_PRESSURE_CRITICAL);
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
  EXPECT_TRUE(Has(text, "bitnet_memory_pressure" + labels + "} 2")) << text;
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
  const std::string text = Text({{.name = "W0", .model = "m", .up = false, .restarts_by_reason = {0, 1}}});
  EXPECT_TRUE(Has(text, "bitnet_worker_up{model=\"m\",worker=\"W0\"} 0")) << text;
  EXPECT_TRUE(Has(text, "bitnet_worker_restarts_total{model=\"m\",worker=\"W0\",reason=\"crash\"} 1"))
      << text;
  EXPECT_EQ(text.find("bitnet_requests_running"), std::string::npos) << text;
  EXPECT_EQ(text.find("bitnet_worker_last_step_age_seconds"), std::string::npos) << text;
}

}  // namespace
}  // namespace bitnet

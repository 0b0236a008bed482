#include <gtest/gtest.h>

#include <string>

#include "service/metrics/metrics_text.h"
#include "service/metrics/request_metrics.h"
#include "service/metrics/worker_metrics.h"

namespace bitnet {
namespace {

std::string Text(const std::vector<WorkerPool::View>& views) {
  struct Fixed : prometheus::Collectable {
    std::vector<prometheus::MetricFamily> Collect() const override { return families; }
    std::vector<prometheus::MetricFamily> families;
  } fixed;
  fixed.families = WorkerFamilies(views);
  const prometheus::Collectable* const sources[] = {&fixed};
  return MetricsText(sources);
}

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

TEST(MetricsTest, LeavesNothingOfADeadWorkerButThatItIsDown) {
  const std::string text = Text({{.name = "W0", .model = "m", .up = false, .restarts = 1}});
  EXPECT_TRUE(Has(text, "bitnet_worker_up{model=\"m\",worker=\"W0\"} 0")) << text;
  EXPECT_EQ(text.find("bitnet_requests_running"), std::string::npos) << text;
}

}  // namespace
}  // namespace bitnet

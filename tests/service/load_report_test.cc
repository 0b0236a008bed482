#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/fleet/load_meter.h"
#include "service/fleet/load_reporter.h"

namespace bitnet {
namespace {

using xds::data::orca::v3::OrcaLoadReport;

WorkerPool::View Worker(const std::string& name, uint32_t threads, double step_seconds) {
  worker::v1::WorkerStatus status;
  status.set_threads(threads);
  status.set_step_seconds_sum(step_seconds);
  return {.name = name, .up = true, .status = status};
}

// So long that a mean of the last seconds is the value itself.
constexpr absl::Duration kLong = absl::Hours(1);
constexpr double kSeconds = 3600;

TEST(LoadMeterTest, CountsFromTheFirstSampleOn) {
  LoadMeter meter;
  meter.Sample({.workers = {Worker("W0", 4, 1800)}, .requests = 7200, .errors = 3600}, kLong);
  EXPECT_EQ(meter.figures().busy, 0);
  EXPECT_EQ(meter.figures().requests_per_second, 0);
  meter.Sample({.workers = {Worker("W0", 4, 3600)}, .requests = 14400, .errors = 5400}, kLong);
  EXPECT_DOUBLE_EQ(meter.figures().busy, 0.5);
  EXPECT_DOUBLE_EQ(meter.figures().requests_per_second, 2);
  EXPECT_DOUBLE_EQ(meter.figures().errors_per_second, 0.5);
}

TEST(LoadMeterTest, WeighsWorkersByTheirThreads) {
  LoadMeter meter;
  meter.Sample({.workers = {Worker("W0", 3, 0), Worker("W1", 1, 0)}}, kLong);
  meter.Sample({.workers = {Worker("W0", 3, kSeconds), Worker("W1", 1, 0)}}, kLong);
  EXPECT_DOUBLE_EQ(meter.figures().busy, 0.75);
}

TEST(LoadMeterTest, TakesAWorkerThatWasStartedAgainFromItsBeginning) {
  LoadMeter meter;
  meter.Sample({.workers = {Worker("W0", 1, 9000)}}, kLong);
  meter.Sample({.workers = {{.name = "W0"}}}, kLong);  // It is down.
  EXPECT_EQ(meter.figures().busy, 0);
  meter.Sample({.workers = {Worker("W0", 1, 900)}}, kLong);
  EXPECT_DOUBLE_EQ(meter.figures().busy, 0.25);
}

TEST(LoadMeterTest, ForgetsWithinSeconds) {
  LoadMeter meter;
  meter.Sample({.workers = {}, .requests = 0}, absl::Seconds(1));
  meter.Sample({.workers = {}, .requests = 100}, absl::Seconds(1));
  const double peak = meter.figures().requests_per_second;
  EXPECT_GT(peak, 10);
  EXPECT_LT(peak, 100);
  double last = peak;
  for (int i = 0; i < 30; ++i) {
    meter.Sample({.workers = {}, .requests = 100}, absl::Seconds(1));
    EXPECT_LT(meter.figures().requests_per_second, last);
    last = meter.figures().requests_per_second;
  }
  EXPECT_LT(last, peak / 100);
}

TEST(LoadMeterTest, AddsUpWhatWorkersHave) {
  WorkerPool::View busy = Worker("W0", 1, 0);
  busy.status->set_kv_blocks(10);
  busy.status->set_kv_blocks_free(1);
  busy.status->set_running(3);
  busy.status->set_waiting(2);
  WorkerPool::View idle = Worker("W1", 1, 0);
  idle.status->set_kv_blocks(10);
  idle.status->set_kv_blocks_free(10);
  LoadMeter meter;
  meter.Sample({.workers = {busy, idle}}, kLong);
  EXPECT_DOUBLE_EQ(meter.figures().kv_cache, 0.45);
  EXPECT_EQ(meter.figures().running, 3);
  EXPECT_EQ(meter.figures().waiting, 2);
}

TEST(LoadReportTest, BalancesByTheScarcestResource) {
  EXPECT_EQ(ToLoadReport({}, 0).application_utilization(), 0);
  EXPECT_EQ(ToLoadReport({.busy = 0.5, .kv_cache = 0.25}, 0).application_utilization(), 0.5);
  EXPECT_EQ(ToLoadReport({.busy = 0.5, .kv_cache = 0.75}, 0).application_utilization(), 0.75);
}

TEST(LoadReportTest, IsAboveOneWhereRequestsWait) {
  EXPECT_EQ(ToLoadReport({.busy = 1, .running = 4, .waiting = 6}, 6).application_utilization(), 2.5);
  // They have just come, and nobody was there before them.
  EXPECT_EQ(ToLoadReport({.busy = 0.5, .running = 0, .waiting = 6}, 6).application_utilization(), 0.5);
}

TEST(LoadReportTest, NamesTheRest) {
  const OrcaLoadReport report = ToLoadReport({.requests_per_second = 8,
                                              .errors_per_second = 0.5,
                                              .busy = 0.25,
                                              .kv_cache = 0.75,
                                              .running = 4,
                                              .waiting = 2},
                                             3);
  EXPECT_EQ(report.cpu_utilization(), 0.25);
  EXPECT_EQ(report.rps_fractional(), 8);
  EXPECT_EQ(report.eps(), 0.5);
  EXPECT_EQ(report.utilization().at("kv_cache"), 0.75);
  EXPECT_EQ(report.named_metrics().at("running_requests"), 4);
  EXPECT_EQ(report.named_metrics().at("waiting_requests"), 2);
  EXPECT_EQ(report.named_metrics().at("queue_depth"), 3);
  EXPECT_TRUE(report.request_cost().empty());
}

TEST(LoadReporterTest, CountsEndedRequestsAndTheServersFailures) {
  RequestMetrics requests;
  Admission admission({.requests = 4}, Clock::Real());
  LoadReporter reporter({.admission = admission, .requests = requests});
  reporter.Sample({}, kLong);
  const absl::Duration duration = absl::Seconds(1);
  ModelMetrics& metrics = requests.ForModel("m");
  for (int i = 0; i < 3600; ++i) {
    metrics.CountRequest("Generate", absl::StatusCode::kOk, "length", duration);
    metrics.CountRequest("Generate", absl::StatusCode::kInvalidArgument, "", duration);
    metrics.CountRequest("Generate", absl::StatusCode::kCancelled, "", duration);
    metrics.CountRequest("Generate", absl::StatusCode::kUnavailable, "", duration);
  }
  reporter.Sample({}, kLong);
  EXPECT_DOUBLE_EQ(reporter.Report().rps_fractional(), 4);
  EXPECT_DOUBLE_EQ(reporter.Report().eps(), 1);
}

TEST(LoadReporterTest, TellsWhatARequestCost) {
  RequestMetrics requests;
  Admission admission({.requests = 4}, Clock::Real());
  const auto place = admission.Enter("someone");
  ASSERT_TRUE(place.ok());
  const LoadReporter reporter({.admission = admission, .requests = requests});
  v1::Usage usage;
  usage.set_prompt_tokens(10);
  usage.set_cached_tokens(4);
  usage.set_generated_tokens(7);
  const OrcaLoadReport report = reporter.Report(usage);
  EXPECT_EQ(report.request_cost().at("prompt_tokens"), 10);
  EXPECT_EQ(report.request_cost().at("cached_tokens"), 4);
  EXPECT_EQ(report.request_cost().at("generated_tokens"), 7);
  EXPECT_EQ(report.named_metrics().at("queue_depth"), 1);
}

}  // namespace
}  // namespace bitnet

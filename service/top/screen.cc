#include "service/top/screen.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

constexpr int kBarWidth = 20;

std::string Percent(std::optional<double> part, std::optional<double> whole) {
  return part.has_value() && whole.value_or(0) > 0 ? absl::StrFormat("%.0f %%", 100 * *part / *whole) : "-";
}

std::string Title(const Exposition& page) {
  const std::vector<Sample> workers = page.All("bitnet_worker_up");
  const auto ready = std::ranges::count_if(workers, [](const Sample& worker) { return worker.value == 1; });
  const std::vector<Sample> build = page.All("bitnet_build_info");
  const auto version = build.empty() ? Labels() : build.front().labels;
  return absl::StrFormat("bitnet %s   %d of %d workers ready",
                         version.contains("version") ? version.at("version") : "", ready, workers.size());
}

std::string Latency(const char* title, const Snapshot& from, const Snapshot& to, const std::string& name) {
  return absl::StrFormat(
      "%-20s p50 %-10s p95 %-10s p99 %s", title, ShowSeconds(Quantile(from, to, name, 0.5)),
      ShowSeconds(Quantile(from, to, name, 0.95)), ShowSeconds(Quantile(from, to, name, 0.99)));
}

void AddEnergy(const Snapshot& from, const Snapshot& to, std::vector<std::string>& lines) {
  const std::optional<double> watts = to.page.Max("bitnet_power_watts");
  const std::optional<double> hottest = to.page.Max("bitnet_temperature_celsius");
  if (watts.has_value()) {
    const std::optional<double> tokens = Rate(from, to, "bitnet_generated_tokens_total");
    const std::optional<double> joules = Rate(from, to, "bitnet_request_energy_joules_total");
    std::optional<double> per_token;
    if (joules.has_value() && tokens.value_or(0) > 0) {
      per_token = *joules / *tokens;
    }
    lines.push_back(
        absl::StrFormat("%-20s %s W, %s J per token", "power", ShowNumber(watts), ShowNumber(per_token)));
  }
  if (hottest.has_value()) {
    lines.push_back(absl::StrFormat("%-20s %s C, thermal pressure %s", "heat", ShowNumber(hottest),
                                    ShowNumber(to.page.Max("bitnet_thermal_pressure"))));
  }
}

std::string WorkerLine(const Sample& up, const Snapshot& from, const Snapshot& to) {
  const Labels only = {{"model", up.labels.at("model")}, {"worker", up.labels.at("worker")}};
  const int restarts = static_cast<int>(to.page.Sum("bitnet_worker_restarts_total", only).value_or(0));
  const std::string name = absl::StrCat(only.at("worker"), " ", only.at("model"));
  if (up.value != 1) {
    return absl::StrFormat("%-30.30s down, %d restarts", name, restarts);
  }
  const std::optional<double> used = to.page.Sum("bitnet_kv_blocks_used", only);
  const std::optional<double> blocks = to.page.Sum("bitnet_kv_blocks", only);
  const double share = used.has_value() && blocks.value_or(0) > 0 ? *used / *blocks : 0;
  return absl::StrFormat("%-30.30s %8s %7.0f %7.0f  [%s] %5s %8d", name,
                         ShowNumber(Rate(from, to, "bitnet_worker_decode_tokens_total", only)),
                         to.page.Sum("bitnet_requests_running", only).value_or(0),
                         to.page.Sum("bitnet_requests_waiting", only).value_or(0), Bar(share, kBarWidth),
                         Percent(used, blocks), restarts);
}

}  // namespace

std::string Bar(double share, int width) {
  const int filled = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  return std::string(static_cast<size_t>(filled), '#') +
         std::string(static_cast<size_t>(width - filled), '.');
}

std::vector<std::string> Screen(const Snapshot& from, const Snapshot& to) {
  std::vector<std::string> lines = {Title(to.page), ""};
  lines.push_back(absl::StrFormat("%-20s %s generated, %s read", "tokens per second",
                                  ShowNumber(Rate(from, to, "bitnet_generated_tokens_total")),
                                  ShowNumber(Rate(from, to, "bitnet_worker_prefill_tokens_total"))));
  lines.push_back(absl::StrFormat("%-20s %.0f running, %.0f without a first token", "requests",
                                  to.page.Sum("bitnet_requests_running").value_or(0),
                                  to.page.Sum("bitnet_queue_requests").value_or(0)));
  lines.push_back(Latency("time to first token", from, to, "bitnet_time_to_first_token_seconds"));
  lines.push_back(Latency("between tokens", from, to, "bitnet_inter_token_latency_seconds"));
  lines.push_back(absl::StrFormat("%-20s %s of prompts found", "prefix cache",
                                  Percent(Rate(from, to, "bitnet_worker_prefix_hit_tokens_total"),
                                          Rate(from, to, "bitnet_worker_prefix_query_tokens_total"))));
  AddEnergy(from, to, lines);
  lines.push_back("");
  lines.push_back(absl::StrFormat("%-30s %8s %7s %7s  %-22s %5s %8s", "worker", "tokens/s", "running",
                                  "waiting", "KV cache", "", "restarts"));
  for (const Sample& up : to.page.All("bitnet_worker_up")) {
    lines.push_back(WorkerLine(up, from, to));
  }
  return lines;
}

}  // namespace bitnet

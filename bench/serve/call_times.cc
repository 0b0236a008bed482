#include "bench/serve/call_times.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/report/statistics.h"

namespace bitnet {
namespace {

using Clock = CallTimes::Clock;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

void AddPercentiles(const std::string& name, const std::vector<double>& values, Record& record) {
  if (values.empty()) return;
  for (const int percent : {50, 95, 99}) {
    record[absl::StrCat(name, "_p", percent)] = Percentile(values, percent / 100.0);
  }
}

bool Meets(const LatencyGoals& goals, double first, double longest) {
  return (goals.first_token == 0 || first <= goals.first_token) &&
         (goals.between == 0 || longest <= goals.between);
}

}  // namespace

void AddCallTimes(const std::vector<CallTimes>& calls, const LatencyGoals& goals, Record& record) {
  std::vector<double> first, between;
  size_t tokens = 0;
  int answered = 0, rejected = 0, failed = 0, good = 0;
  Clock::time_point begin = Clock::time_point::max(), end = Clock::time_point::min();
  for (const CallTimes& call : calls) {
    begin = std::min(begin, call.begin);
    if (!call.status.ok()) {
      ++(call.status.code() == absl::StatusCode::kResourceExhausted ? rejected : failed);
      continue;
    }
    ++answered;
    if (call.tokens.empty()) continue;
    end = std::max(end, call.tokens.back());
    tokens += call.tokens.size();
    first.push_back(Seconds(call.tokens.front() - call.begin));
    double longest = 0;
    for (size_t i = 1; i < call.tokens.size(); ++i) {
      between.push_back(Seconds(call.tokens[i] - call.tokens[i - 1]));
      longest = std::max(longest, between.back());
    }
    if (Meets(goals, first.back(), longest)) ++good;
  }
  record["answered"] = answered;
  record["rejected"] = rejected;
  record["failed"] = failed;
  record["generated_tokens"] = tokens;
  if (end > begin) {
    record["tokens_per_second"] = static_cast<double>(tokens) / Seconds(end - begin);
    record["goodput"] = good / Seconds(end - begin);
  }
  AddPercentiles("ttft", first, record);
  AddPercentiles("itl", between, record);
  if (!between.empty()) record["itl_max"] = *std::ranges::max_element(between);
}

}  // namespace bitnet

#include "bench/plot/plot_command.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/plot/rate_charts.h"

namespace bitnet {
namespace {

absl::StatusOr<std::vector<Record>> ReadRecords(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  const Record json = Record::parse(file, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not the JSON array that bitnet-bench --format json writes"));
  }
  return std::vector<Record>(json.begin(), json.end());
}

struct Picture {
  const char* file;
  std::optional<Chart> chart;
};

}  // namespace

absl::Status RunPlotCommand(const BenchOptions& options) {
  std::vector<Record> records;
  for (const std::string& input : options.inputs) {
    ASSIGN_OR_RETURN(const std::vector<Record> more, ReadRecords(input));
    records.insert(records.end(), more.begin(), more.end());
  }
  const Picture pictures[] = {
      {"decode_over_threads.svg", RateChart(records, false, "threads")},
      {"decode_over_batch.svg", RateChart(records, false, "batch")},
      {"decode_over_context.svg", RateChart(records, false, "context")},
      {"prefill_over_threads.svg", RateChart(records, true, "threads")},
      {"prefill_over_prompt.svg", RateChart(records, true, "prompt_tokens")},
      {"prefill_over_chunk_size.svg", RateChart(records, true, "chunk_size")},
      {"roofline.svg", RooflineChart(records)},
  };
  const std::filesystem::path folder = options.output.empty() ? "." : options.output;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int written = 0;
  for (const Picture& picture : pictures) {
    if (!picture.chart) continue;
    const std::string path = (folder / picture.file).string();
    RETURN_IF_ERROR(WriteText(RenderChart(*picture.chart), path));
    std::cout << path << "\n";
    ++written;
  }
  if (written > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "nothing to draw: records of decode, batch or prefill were wanted, which differ in something");
}

}  // namespace bitnet

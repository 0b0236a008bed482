// bitnet-bench: measures kernels, engine and server, and the machine they run on.
#include <iostream>
#include <variant>
#include <vector>

#include "base/machine_check.h"
#include "base/status_macros.h"
#include "bench/gemm/kernels_command.h"
#include "bench/machine/machine.h"
#include "bench/options.h"
#include "bench/plot/plot_command.h"
#include "bench/predict/predict_command.h"
#include "bench/report/record.h"
#include "bench/run/model_commands.h"
#if defined(BITNET_BENCH_SERVING)
#include "bench/serve/serve_command.h"
#endif

namespace bitnet {
namespace {

absl::StatusOr<std::vector<Record>> Measure(const BenchOptions& options) {
  Machine machine;
  switch (options.command) {
    case Command::kDecode:
    case Command::kBatch:
      return RunDecodeCommand(options, machine);
    case Command::kPrefill:
      return RunPrefillCommand(options, machine);
    case Command::kKernels:
      return RunKernelsCommand(options, machine);
    case Command::kTune:
      return RunTuneCommand(options, machine);
    case Command::kPerplexity:
      return RunPerplexityCommand(options);
    case Command::kPredict:
      return RunPredictCommand(options);
    case Command::kMachine:
      return RunMachineCommand(options, machine);
#if defined(BITNET_BENCH_SERVING)
    case Command::kServe:
      return RunServeCommand(options);
#endif
    default:
      return absl::UnimplementedError(std::string(CommandName(options.command)) + " is not in this build");
  }
}

absl::Status Run(const BenchOptions& options) {
  if (options.command == Command::kPlot) return RunPlotCommand(options);
  RETURN_IF_ERROR(CheckMachine());
  ASSIGN_OR_RETURN(const std::vector<Record> records, Measure(options));
  return WriteText(ToText(records, options.format), options.output);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  const auto parsed = bitnet::ParseBenchOptions(argc, argv);
  if (const auto* exit = std::get_if<bitnet::BenchExit>(&parsed)) return exit->status;
  if (const absl::Status status = bitnet::Run(std::get<bitnet::BenchOptions>(parsed)); !status.ok()) {
    std::cerr << "bitnet-bench: " << status << "\n";
    return 1;
  }
  return 0;
}

// bitnet-convert: any model into a GGUF file.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/machine_check.h"
#include "base/status_macros.h"
#include "engine/cli/convert_command_line.h"
#include "engine/cli/convert_table.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/progress_bar.h"
#include "engine/convert/converter.h"
#include "engine/huggingface/open_model.h"

namespace bitnet {
namespace {

constexpr int kExitError = 1;
constexpr int kExitInterrupted = 130;

std::string DescribeChip(const ChipProperties& chip) {
  return absl::StrFormat(
      "packing for %s (%s): %d threads, %.1f GB/s of memory, %.1f weights/ns a thread in 2 bits, %.1f in "
      "base "
      "3\n",
      chip.name, chip.measured ? "measured" : "listed", chip.threads, chip.bandwidth, chip.rate_2bit,
      chip.rate_base3);
}

double Megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

uint64_t PlannedBytes(const ConversionPlan& plan) {
  uint64_t bytes = 0;
  for (const TensorPlan& tensor : plan.tensors) {
    bytes += (tensor.bytes + plan.alignment - 1) / plan.alignment * plan.alignment;
  }
  return bytes;
}

absl::Status Convert(const ConvertCommand& command, Interrupts& interrupts) {
  RETURN_IF_ERROR(CheckMachine());
  std::atomic<bool> interrupted = false;
  interrupts.SetAction([&interrupted] { interrupted = true; });
  const absl::Cleanup forget_action = [&interrupts] { interrupts.SetAction({}); };
  ProgressBar bar(STDERR_FILENO, isatty(STDERR_FILENO) != 0);
  const auto show = [&](const ConvertProgress& progress) {
    bar.Show(progress.stage, progress.tensor, progress.done_bytes, progress.total_bytes, absl::Now());
    return !interrupted;
  };

  if (!command.force && !command.dry_run && access(command.output.c_str(), F_OK) == 0) {
    return absl::AlreadyExistsError(command.output + " exists; --force replaces it");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelFile> input, OpenModel(command.input, FileAccess::kMap));
  ThreadPool pool(command.threads > 0 ? command.threads : NumUsableCpus());
  const absl::Time began = absl::Now();
  absl::StatusOr<ConversionPlan> plan = PlanConversionOf(*input, command.options, pool, show);
  bar.Clear();
  RETURN_IF_ERROR(plan.status());
  std::cout << absl::StrFormat("%s: %d tensors, %.1f MB\n", command.input, input->tensors().size(),
                               Megabytes(input->file_bytes()));
  if (command.options.pack == PackMode::kAuto) {
    std::cout << DescribeChip(plan->chip);
  }
  if (command.dry_run) {
    std::cout << ConversionTable(plan->tensors, {}, command.every_tensor)
              << absl::StrFormat("%s would have %.1f MB; nothing was written\n", command.output,
                                 Megabytes(PlannedBytes(*plan)));
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<EncodeError>> errors =
      WriteConversion(*input, *plan, command.options.i2s_layout, command.output, command.force, pool, show);
  bar.Clear();
  RETURN_IF_ERROR(errors.status());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - began);
  std::cout << ConversionTable(plan->tensors, *errors, command.every_tensor)
            << absl::StrFormat("%s: %.1f MB, read back and compared; %.1f s, %.2f GB/s of input\n",
                               command.output, Megabytes(PlannedBytes(*plan)), seconds,
                               static_cast<double>(input->file_bytes()) / 1e9 / seconds);
  return absl::OkStatus();
}

int Run(int argc, char** argv) {
  const std::variant<ConvertCommand, ExitNow> parsed = ParseConvertCommand(argc, argv);
  if (const auto* exit_now = std::get_if<ExitNow>(&parsed)) {
    return exit_now->status;
  }
  Interrupts interrupts;  // Before any other thread.
  const absl::Status status = Convert(std::get<ConvertCommand>(parsed), interrupts);
  if (absl::IsCancelled(status)) {
    std::cerr << "interrupted; nothing was written\n";
    return kExitInterrupted;
  }
  if (!status.ok()) {
    std::cerr << "bitnet-convert: " << status.message() << "\n";
    return kExitError;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) { return bitnet::Run(argc, argv); }

// front_probe: the calls that bench/front/run makes to a front whose worker is paced_worker. What
// `bitnet-bench serve` measures is measured with that.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "absl/time/time.h"
#include "bench/front/probes.h"

namespace bitnet {
namespace {

int Print(const absl::StatusOr<Record>& record) {
  if (!record.ok()) {
    std::cerr << "front_probe: " << record.status() << "\n";
    return 1;
  }
  std::cout << record->dump() << std::endl;
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Calls to a front whose worker is paced_worker; what came of them is printed as JSON.",
               "front_probe");
  app.require_subcommand(1)->option_defaults()->always_capture_default();
  std::string address;
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("--address", address, "Of the front, as HOST:PORT")->required();
    return command;
  };

  DelayProbe delay;
  CLI::App* const delay_command = add("delay", "How long stamped tokens are on their way");
  delay_command->add_flag("--worker", delay.worker, "--address is that of a paced_worker without a front");
  delay_command->add_option("--streams", delay.streams, "At once")->check(CLI::PositiveNumber);
  delay_command->add_option("--tokens", delay.tokens, "Of each stream")->check(CLI::Range(10, 1 << 20));

  CancelProbe cancel;
  double within_ms = 100;
  CLI::App* const cancel_command = add("cancel", "Makes calls and cancels them");
  cancel_command->add_option("--calls", cancel.calls, "In all")->check(CLI::PositiveNumber);
  cancel_command->add_option("--concurrent", cancel.concurrent, "At once")->check(CLI::PositiveNumber);
  cancel_command->add_option("--max-tokens", cancel.max_tokens, "Of an answer")->check(CLI::PositiveNumber);
  cancel_command->add_option("--within-ms", within_ms, "A call is cancelled after a random part of this")
      ->check(CLI::PositiveNumber);
  cancel_command->add_option("--seed", cancel.seed, "Of the times");

  HoldProbe hold;
  CLI::App* const hold_command = add("hold", "Opens endless streams and keeps them while stdin is open");
  hold_command->add_option("--streams", hold.streams, "In all")->check(CLI::PositiveNumber);
  hold_command->add_option("--connections", hold.connections, "That share them")->check(CLI::PositiveNumber);

  CLI11_PARSE(app, argc, argv);
  delay.address = cancel.address = hold.address = address;
  cancel.within = absl::Milliseconds(within_ms);
  if (delay_command->parsed()) {
    return Print(ProbeDelay(delay));
  }
  if (cancel_command->parsed()) {
    return Print(ProbeCancel(cancel));
  }
  ProbeHold(hold);
  return 0;
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) { return bitnet::Main(argc, argv); }

// bitnet-front: files and signals; everything else is in Front.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/default_model.h"
#include "base/log.h"
#include "base/machine_check.h"
#include "base/status_macros.h"
#include "base/topology.h"
#include "proto/worker_exit_codes.h"
#include "service/command_line.h"
#include "service/front.h"
#include "service/models/model_spec.h"
#include "service/security/token_file.h"
#include "service/service_options.h"
#include "service/signal_watcher.h"
#include "spdlog/spdlog.h"

namespace {

using bitnet::ServiceOptions;

constexpr int kExitUsage = 64;  // EX_USAGE.

bool HasTerminal() {
  const int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
  }
  return fd >= 0;
}

absl::Status FindFiles(ServiceOptions& options, std::vector<std::string>& models) {
  if (!models.empty() && !options.worker_binary.empty()) {
    return absl::OkStatus();
  }
  const std::filesystem::path executable = bitnet::ProgramPath();
  if (executable.empty()) {
    return absl::InternalError("cannot find the running program's file");
  }
  if (options.worker_binary.empty()) {
    options.worker_binary = (executable.parent_path() / "bitnet-worker").string();
  }
  if (models.empty()) {
    ASSIGN_OR_RETURN(models.emplace_back(),
                     bitnet::FindDefaultModel(std::getenv("BITNET_MODEL"), executable));
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "bitnet-front: %s\n", std::string(status.message()).c_str());
  return code;
}

int Main(int argc, char** argv) {
  bitnet::CommandLine line;
  if (const std::optional<int> code = bitnet::ParseCommandLine(argc, argv, line)) {
    return *code;
  }
  if (!line.new_token.empty()) {
    const bitnet::NewToken made = bitnet::MakeToken(line.new_token);
    std::printf("%s\n%s\n", made.token.c_str(), made.line.c_str());
    return 0;
  }
  ServiceOptions& options = line.options;
  if (absl::Status status = bitnet::SetUpLogging("bitnet-front", options.log_level); !status.ok()) {
    return Fail(status, kExitUsage);
  }
  if (absl::Status status = bitnet::CheckMachine(); !status.ok()) {
    return Fail(status, 1);
  }
  if (absl::Status status = FindFiles(options, line.models); !status.ok()) {
    return Fail(status, 1);
  }
  absl::StatusOr<std::vector<bitnet::ModelSpec>> models =
      bitnet::PlanModels(line.models, line.aliases, line.adapters);
  if (!models.ok()) {
    return Fail(models.status(), kExitUsage);
  }
  options.models = *std::move(models);
  std::signal(SIGPIPE, SIG_IGN);
  // Debian builds Abseil with its search for deadlocks: 3 % of the time of a front that relays tokens.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  absl::StatusOr<std::unique_ptr<bitnet::Front>> front =
      bitnet::Front::Start(options, bitnet::DiscoverClusters());
  if (!front.ok()) {
    return Fail(front.status(), 1);
  }
  const bool had_terminal = HasTerminal();
  const bitnet::SignalWatcher signals([&front, had_terminal](int signal) {
    // A terminal that goes away sends SIGHUP as well, and means that all is over.
    if (signal == SIGHUP && HasTerminal() == had_terminal) {
      (*front)->RestartWorkers();
    } else {
      (*front)->Stop();
    }
  });
  if (absl::Status status = (*front)->Run(); !status.ok()) {
    return Fail(status, bitnet::kWorkerExitBadModel);
  }
  spdlog::info("stopped");
  return 0;
}

}  // namespace

// Nothing of ours throws; the libraries that do (CLI11, Asio) say what before we leave.
int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bitnet-front: %s\n", error.what());
    return 1;
  }
}

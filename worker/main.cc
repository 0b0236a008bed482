// bitnet-worker: one engine on one Unix socket, started and watched by the front.
#include <fcntl.h>
#include <grpc/grpc.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "base/file_identity.h"
#include "base/log.h"
#include "base/machine_check.h"
#include "base/sensors/sensors.h"
#include "base/version.h"
#include "engine/available_isas.h"
#include "engine/cache/kv_type_names.h"
#include "engine/cache/prefix_cache_flag.h"
#include "engine/engine.h"
#include "engine/formats/i2s_layout_name.h"
#include "engine/scheduler/speculation.h"
#include "engine/threads/threads_flag.h"
#include "proto/worker_exit_codes.h"
#include "spdlog/spdlog.h"
#include "worker/cpu_affinity.h"
#include "worker/parent_watch.h"
#include "worker/ready_line.h"
#include "worker/sandbox.h"
#include "worker/stop_signals.h"
#include "worker/unix_socket.h"
#include "worker/worker_sensors.h"
#include "worker/worker_server.h"

namespace bitnet {
namespace {

constexpr int kExitTryAgain = 1;

struct WorkerFlags {
  std::string model;
  std::string socket;
  EngineOptions engine;
  std::string isa;
  bool no_mmap = false;
  std::string cpus;
  int ready_fd = -1;
  int parent_fd = -1;
  double drain_seconds = 25;
  std::string log_level = "info";
  std::string name;
  std::vector<std::string> adapters;  // NAME=PATH
  bool no_sandbox = false;
  SensorOptions sensors;
};

// Empty if the process should go on; otherwise what it exits with.
std::optional<int> ParseFlags(int argc, char** argv, WorkerFlags* flags) {
  CLI::App app("One engine of the 1-bit language model server, on a Unix socket. bitnet-front starts it.");
  app.set_version_flag("--version", "bitnet-worker " + std::string(Version()));
  app.add_option("--model", flags->model, "Model file (GGUF)")->required();
  app.add_option("--socket", flags->socket, "Unix socket to listen on")->required();
  app.add_option("--threads", flags->engine.num_threads, kThreadsHelp)
      ->transform(CLI::Validator([](std::string& text) { return ReadThreadsFlag(text); }, ""));
  app.add_flag("--no-mmap", flags->no_mmap, "Read the model file instead of mapping it");
  app.add_option("--i2s-layout", flags->engine.weights.i2s_layout, kI2sLayoutHelp)
      ->transform(CLI::CheckedTransformer(I2sLayoutNames()))
      ->default_str("128x32");
  app.add_option("--isa", flags->isa, "Use kernels up to this instruction set, as x86_avx2 or portable");
  app.add_option("--chunk-size", flags->engine.chunk_size,
                 "Prompt tokens computed in one step at most: larger chunks read a prompt faster and take "
                 "more memory, smaller ones delay the answers in progress less; no answer depends on it")
      ->check(CLI::Range(1, kMaxChunkSize))
      ->capture_default_str();
  app.add_option_function<double>(
         "--step-ms", [flags](double ms) { flags->engine.step_time = absl::Milliseconds(ms); },
         "How long a step may take, in milliseconds, where answers wait for it: prompts are read in smaller "
         "pieces then; 0: in chunks in any case. Default 250")
      ->check(CLI::Range(0.0, 60000.0));
  app.add_option("--max-sequences", flags->engine.max_sequences, "Answers generated at once; more wait")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--kv-cache-tokens", flags->engine.kv_cache_tokens,
                 "Room for this many tokens; 0: a full context for each answer, at most 2 GiB");
  app.add_option("--speculate", flags->engine.speculation, kSpeculationHelp)
      ->transform(CLI::CheckedTransformer(SpeculationNames()))
      ->default_str("lookup");
  app.add_option("--max-draft", flags->engine.max_draft,
                 "Tokens guessed in one step at most, for all answers together")
      ->check(CLI::Range(1, kMaxDraft))
      ->capture_default_str();
  app.add_option("--head", flags->engine.weights.head, kHeadHelp)
      ->transform(CLI::CheckedTransformer(HeadFormatNames()))
      ->default_str("auto");
  app.add_option("--sparsity", flags->engine.weights.sparsity, kSparsityHelp)
      ->transform(CLI::CheckedTransformer(SparsityNames()))
      ->default_str("off");
  app.add_flag("--lock-memory", flags->engine.lock_memory, kLockMemoryHelp);
  app.add_option("--use-metal", flags->engine.use_metal, kUseMetalHelp)
      ->transform(CLI::CheckedTransformer(UseMetalNames()))
      ->default_str("off");
  app.add_option("--kv-type", flags->engine.kv_type, kKvTypeHelp)
      ->transform(CLI::CheckedTransformer(KvTypeNames()))
      ->default_str("f16");
  app.add_option("--prefix-cache", flags->engine.prefix_cache, kPrefixCacheHelp)
      ->transform(CLI::CheckedTransformer(PrefixCacheNames()))
      ->default_str("on");
  app.add_option("--cpus", flags->cpus, "Run on these CPUs only, as 0-3,8 (Linux)");
  app.add_option("--core-kind", flags->engine.core_kind,
                 "Compute on cores of this kind, performance or efficiency, as far as the system lets "
                 "threads choose (macOS)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, CoreKind>{{CoreKindName(CoreKind::kPerformance), CoreKind::kPerformance},
                                          {CoreKindName(CoreKind::kEfficiency), CoreKind::kEfficiency}}));
  app.add_option("--ready-fd", flags->ready_fd, "Inherited descriptor for the line READY, or FAILED and why");
  app.add_option("--parent-fd", flags->parent_fd,
                 "Inherited pipe; when its other end closes, the parent is dead and the worker leaves");
  app.add_option("--drain-seconds", flags->drain_seconds, "Time for running answers after SIGTERM")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_option(
         "--adapter", flags->adapters,
         "NAME=PATH of a LoRA adapter that requests can name: a GGUF file or a directory of PEFT's; may "
         "be given several times")
      ->take_all()
      ->allow_extra_args(false)
      ->check(CLI::Validator(
          [](std::string& text) {
            return std::string(text.find('=') == std::string::npos ? "'" + text + "' is not NAME=PATH" : "");
          },
          ""));
  app.add_flag(
      "--no-sandbox", flags->no_sandbox,
      "Keep the network, and rights to write files and start programs, which a worker does not need");
  app.add_option(
      "--powermetrics-file", flags->sensors.powermetrics_file,
      "Text that powermetrics writes, for energy and frequencies where the system tells none (macOS)");
  app.add_option("--sensor-root", flags->sensors.root, "Read /sys below this directory; for tests")
      ->group("");
  app.add_option("--log-level", flags->log_level, "trace, debug, info, warning, error or off")
      ->capture_default_str();
  app.add_option("--name", flags->name, "Name of this worker in log lines, as P0");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kWorkerExitStopped : kWorkerExitUsage;
  }
  for (const int fd : {flags->ready_fd, flags->parent_fd}) {
    if (fd >= 0 && fcntl(fd, F_GETFD) == -1) {
      std::cerr << "File descriptor " << fd << " is not open\n";
      return kWorkerExitUsage;
    }
  }
  flags->engine.file_access = flags->no_mmap ? FileAccess::kRead : FileAccess::kMap;
  return std::nullopt;
}

absl::Status NarrowIsa(const std::string& name, CpuFeatures* features) {
  const Isa* isa = FindAvailableIsa(name);
  if (isa == nullptr) {
    const char* why = FindIsa(name) == nullptr ? "there is no such kernel set" : "this CPU lacks it";
    return absl::InvalidArgumentError(
        absl::StrCat("--isa ", name, ": ", why, "; here run: ", absl::StrJoin(AvailableIsaNames(), " ")));
  }
  *features = isa->features;
  return absl::OkStatus();
}

// Whether starting again with the same model can help.
int ExitCodeOfLoadError(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kFailedPrecondition:
      return kWorkerExitBadModel;
    default:
      return kExitTryAgain;
  }
}

int Fail(const WorkerFlags& flags, const absl::Status& status, int exit_code) {
  spdlog::error("{}", status.ToString());
  ReportFailed(flags.ready_fd, std::string(status.message()));
  return exit_code;
}

void ReportSandbox(const Sandbox& sandbox) {
  if (!sandbox.in_force.empty()) {
    spdlog::info("sandbox: {}", absl::StrJoin(sandbox.in_force, "; "));
  }
  for (const std::string& missing : sandbox.missing) {
    spdlog::warn("sandbox: not in force is {}", missing);
  }
}

void ReportMemoryLock(const MemoryLockReport& lock) {
  if (lock.bytes > 0) {
    spdlog::info("keeps {} MiB of weights in memory", lock.bytes >> 20);
  }
  if (!lock.problem.empty()) {
    spdlog::warn("may lose weights from memory; not locked are {}", lock.problem);
  }
}

Sensors FindAndReport(const SensorOptions& options) {
  Sensors sensors = FindSensors(options);
  for (const std::string& problem : sensors.problems) {
    spdlog::warn("sensors: {}", problem);
  }
  return sensors;
}

int Run(WorkerFlags flags) {
  if (absl::Status status = CheckMachine(); !status.ok()) {
    return Fail(flags, status, kWorkerExitBadModel);
  }
  // Before there are threads, since they inherit it.
  if (!flags.cpus.empty()) {
    const absl::StatusOr<std::vector<int>> cpus = ParseCpuList(flags.cpus);
    if (absl::Status status = cpus.ok() ? PinToCpus(*cpus) : cpus.status(); !status.ok()) {
      return Fail(flags, status, kWorkerExitUsage);
    }
  }
  // Where a killed worker left its socket, the sandbox would not let us remove it.
  if (absl::Status status = PrepareSocketPath(flags.socket); !status.ok()) {
    return Fail(flags, status, absl::IsInvalidArgument(status) ? kWorkerExitUsage : kExitTryAgain);
  }
  // Before the first byte of a file that somebody else made.
  if (flags.no_sandbox) {
    spdlog::warn("sandbox: switched off by --no-sandbox");
  } else {
    ReportSandbox(EnterSandbox());
  }
  absl::Mutex mutex;
  WorkerServer* serving = nullptr;  // Guarded by mutex. Not nullptr while a stop can be in good order.
  // The terminal's ^C reaches the front as well, and it is for the front to decide what it means.
  const StopSignals stop_signals(/*ignore_interrupt=*/flags.parent_fd >= 0, [&mutex, &serving] {
    absl::MutexLock lock(&mutex);
    if (serving == nullptr) {
      std::_Exit(kWorkerExitStopped);
    }
    serving->RequestStop();
  });
  std::optional<ParentWatch> parent_watch;
  if (flags.parent_fd >= 0) {
    parent_watch.emplace(flags.parent_fd, [] { std::_Exit(kWorkerExitStopped); });
  }

  if (!flags.isa.empty()) {
    if (absl::Status status = NarrowIsa(flags.isa, &flags.engine.cpu_features); !status.ok()) {
      return Fail(flags, status, kWorkerExitBadModel);
    }
  }
  WorkerSensors sensors(FindAndReport(flags.sensors));
  if (const EnergyLabel* label = sensors.energy_label()) {
    spdlog::info("counts energy by {} {}", label->source, label->scope);
    flags.engine.energy_counter = [&sensors] { return sensors.ReadEnergy(); };
  }
  const std::string fingerprint = FileIdentity(flags.model).value_or("");
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(flags.model, flags.engine);
  if (!engine.ok()) {
    return Fail(flags, engine.status(), ExitCodeOfLoadError(engine.status().code()));
  }
  if (FileIdentity(flags.model).value_or("") != fingerprint) {
    return Fail(flags, absl::UnavailableError(absl::StrCat(flags.model, " was changed while it was read")),
                kExitTryAgain);
  }
  for (const std::string& adapter : flags.adapters) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(adapter, absl::MaxSplits('=', 1));
    if (absl::Status status = (*engine)->LoadAdapter(parts.first, parts.second); !status.ok()) {
      return Fail(flags, status, kWorkerExitBadModel);
    }
  }
  if (const std::vector<ThreadTrial> trials = (*engine)->thread_trials(); !trials.empty()) {
    spdlog::info("uses {} threads: {}", (*engine)->num_threads(), DescribeTrials(trials));
  }
  ReportMemoryLock((*engine)->memory_lock());
  if (const GpuReport gpu = (*engine)->stats().gpu; gpu.failures > 0) {
    spdlog::warn("runs all steps on the CPU: {}", gpu.note);
  } else if (gpu.min_batch > 0) {
    spdlog::info("runs steps of {} tokens and more on {}", gpu.min_batch, gpu.device);
  } else if (!gpu.note.empty()) {
    spdlog::info("runs all steps on the CPU: {}", gpu.note);
  }
  // Called as its file is: that is what whoever runs the server chose and can change.
  const std::string model_name = std::filesystem::path(flags.model).stem().string();
  // Never given back: gRPC's shutdown, with its last object, may wait 10 s for connections to go.
  grpc_init();
  absl::StatusOr<std::unique_ptr<WorkerServer>> server = WorkerServer::Start(
      engine->get(), {.name = model_name, .fingerprint = fingerprint}, flags.socket, &sensors);
  if (!server.ok()) {
    return Fail(flags, server.status(),
                absl::IsInvalidArgument(server.status()) ? kWorkerExitUsage : kExitTryAgain);
  }
  {
    absl::MutexLock lock(&mutex);
    serving = server->get();
  }
  spdlog::info("serves {} on {}: {} kernels, {} threads", model_name, flags.socket, (*engine)->isa(),
               (*engine)->num_threads());
  ReportReady(flags.ready_fd);
  (*server)->ServeUntilStopped(absl::Seconds(flags.drain_seconds));
  spdlog::info("stopped");
  absl::MutexLock lock(&mutex);
  serving = nullptr;
  return kWorkerExitStopped;
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  bitnet::WorkerFlags flags;
  if (const std::optional<int> exit_code = bitnet::ParseFlags(argc, argv, &flags)) {
    return *exit_code;
  }
  const std::string process = flags.name.empty() ? "worker" : "worker " + flags.name;
  if (absl::Status status = bitnet::SetUpLogging(process, flags.log_level); !status.ok()) {
    std::cerr << status.message() << "\n";
    return bitnet::kWorkerExitUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);  // A front that goes away is an error of a write, not our end.
  return bitnet::Run(std::move(flags));
}

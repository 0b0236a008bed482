// bitnet-front: flags and signals; everything else is in Front.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/default_model.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/topology.h"
#include "base/version.h"
#include "proto/worker_exit_codes.h"
#include "service/front.h"
#include "service/security/token_file.h"
#include "service/service_options.h"
#include "service/signal_watcher.h"
#include "spdlog/spdlog.h"

namespace {

using bitnet::ServiceOptions;

constexpr int kExitUsage = 64;  // EX_USAGE.

// Durations of ServiceOptions, as flags give them.
struct Seconds {
  double drain = 30;
  double failover = 60;
  double stall = 10;
  double step = 120;
};

void AddFlags(CLI::App& app, ServiceOptions& options, Seconds& seconds, std::string& new_token) {
  app.set_version_flag("--version", std::string("bitnet-front ") + std::string(bitnet::Version()));
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

  app.add_option("--model", options.model_path,
                 "GGUF file to serve; by default $BITNET_MODEL or the small embedded model")
      ->group("What is served");
  app.add_option("--listen", options.listen_address, "Where to serve gRPC; port 0 takes a free one")
      ->group("Addresses");
  app.add_option("--http", options.http_address,
                 "Where to serve /metrics, /healthz and /readyz; port 0 as above")
      ->group("Addresses");
  app.add_option("--admin-listen", options.admin_address,
                 "Where to serve bitnet.v1.AdminService, which loads adapters from files of this machine; by "
                 "default nowhere")
      ->group("Addresses");
  app.add_option("--agent-listen", options.agent_address,
                 "Where to tell HAProxy's agent check how busy this server is; by default nowhere")
      ->group("Addresses");
  app.add_option(
         "--tokens", options.token_file,
         "File of those who may call, a line each: NAME sha256:HEX [priority=P] [max-requests=N] [admin]; "
         "read again when it changes. Make one with --new-token")
      ->group("Who may call");
  app.add_option("--tls-cert", options.tls.certificate,
                 "Serve gRPC over TLS with this certificate chain (PEM), looked at again every ten seconds")
      ->group("Who may call");
  app.add_option("--tls-key", options.tls.key, "Its private key (PEM)")->group("Who may call");
  app.add_option("--tls-client-ca", options.tls.client_ca,
                 "Take only clients with a certificate that one of these (PEM) has signed")
      ->group("Who may call");
  app.add_flag(
         "--allow-anonymous", options.allow_anonymous,
         "Serve everybody at addresses that other machines reach, without tokens or client certificates")
      ->group("Who may call");
  app.add_flag("--open-metrics", options.open_metrics, "Show /metrics without a token, too")
      ->group("Who may call");
  app.add_option(
         "--new-token", new_token,
         "Print a fresh token for a caller of this name, and its line for the file of tokens; then exit")
      ->type_name("NAME")
      ->group("Who may call");

  app.add_option("--port-file", options.port_file,
                 "Write the chosen addresses to this file, as JSON: {\"grpc\": ..., \"http\": ...}")
      ->group("Addresses");

  app.add_option("--workers", options.num_workers, "Worker processes; 0: one per cluster of CPU cores")
      ->check(CLI::Range(0, 256))
      ->group("Workers");
  app.add_option("--threads", options.threads_per_worker,
                 "Compute threads of each worker; 0: the cores of its cluster")
      ->check(CLI::Range(0, 1024))
      ->group("Workers");
  app.add_option("--worker-binary", options.worker_binary,
                 "The program bitnet-worker; by default the one beside this program")
      ->group("Workers");
  app.add_option("--run-dir", options.run_directory,
                 "Directory for the workers' sockets; by default a fresh one, removed at exit")
      ->group("Workers");
  app.add_option("--isa", options.isa,
                 "Instruction set to compute with, such as x86_avx2; by default the fastest")
      ->group("Workers");
  app.add_flag("--no-mmap", options.no_mmap, "Read the model file instead of mapping it")->group("Workers");
  app.add_option(
         "--adapter", options.adapters,
         "NAME=PATH of a LoRA adapter that requests can name: a GGUF file or a directory of PEFT's; may "
         "be given several times")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(CLI::Validator(
          [](std::string& text) {
            return std::string(text.find('=') == std::string::npos ? "'" + text + "' is not NAME=PATH" : "");
          },
          ""))
      ->group("What is served");
  app.add_option("--i2s-layout", options.i2s_layout,
                 "How I2_S tensors are arranged, which files do not say; see bitnet-worker --help")
      ->check(CLI::IsMember({"128x32", "64x16", "1x4"}))
      ->group("Workers");

  app.add_option(
         "--speculate", options.speculate,
         "lookup or off: whether workers guess tokens from earlier ones and check several in one step, "
         "which changes no answer; by default lookup")
      ->check(CLI::IsMember({"lookup", "off"}))
      ->group("Workers");

  app.add_option("--sparsity", options.sparsity,
                 "on or off: whether workers keep a second copy of the feed-forward matrices of a model with a "
                 "squared ReLU, of which a lone answer reads only what matters; by default off")
      ->check(CLI::IsMember({"on", "off"}))
      ->group("Workers");

  app.add_option("--max-sequences", options.max_sequences, "Requests that a worker generates for at once")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option(
         "--chunk-size", options.chunk_size,
         "Prompt tokens that a worker takes in one step at most: larger chunks read a prompt faster, smaller "
         "ones delay the answers in progress less; no answer depends on it")
      ->check(CLI::Range(1, 8192))  // As bitnet-worker's.
      ->group("Limits");
  app.add_option("--step-ms", options.step_ms,
                 "How long a worker's step may take, in milliseconds, where answers wait for it: prompts are "
                 "read in smaller pieces then; 0: in chunks in any case; by default 250")
      ->check(CLI::Range(0.0, 60000.0))
      ->group("Limits");
  app.add_option(
         "--prefix-cache", options.prefix_cache,
         "on or off: whether what prompts have in common is computed once, which changes no answer; by "
         "default on")
      ->check(CLI::IsMember({"on", "off"}))
      ->group("Limits");
  app.add_option("--kv-cache-tokens", options.kv_cache_tokens,
                 "Tokens of all requests together that a worker can remember")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--head", options.head,
                 "How workers keep the output head: int6 quantises it, file keeps it, exact keeps it and "
                 "reads few rows, "
                 "auto is int6 for large ones")
      ->check(CLI::IsMember({"auto", "int6", "file", "exact"}))
      ->group("Limits");
  app.add_option("--kv-type", options.kv_type,
                 "How workers keep keys and values: f16, or f32 in twice, or int8 in half the memory")
      ->check(CLI::IsMember({"f16", "f32", "int8"}))
      ->group("Limits");
  app.add_option("--max-waiting", options.max_waiting,
                 "Requests that may wait for their first token; more get RESOURCE_EXHAUSTED")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--max-message-bytes", options.max_message_bytes, "Size of one request at most")
      ->check(CLI::PositiveNumber)
      ->group("Limits");

  app.add_option(
         "--drain-seconds", seconds.drain,
         "How long running requests may go on after SIGTERM or SIGINT; a second signal ends them at once")
      ->check(CLI::Range(0.0, 86400.0))
      ->group("Running");
  app.add_option("--failover-seconds", seconds.failover,
                 "How long an answer that lost its worker waits for another one to go on with, and a request "
                 "for a first one; 0: such answers end with UNAVAILABLE")
      ->check(CLI::Range(0.0, 86400.0))
      ->group("Running");
  app.add_option("--stall-seconds", seconds.stall,
                 "A worker that does not answer for so long is killed and started again")
      ->check(CLI::Range(0.1, 86400.0))
      ->group("Running");
  app.add_option(
         "--step-seconds", seconds.step,
         "As is one that has requests and finishes no step for so long; more than the largest chunk of a "
         "prompt takes")
      ->check(CLI::Range(0.1, 86400.0))
      ->group("Running");
  app.add_option("--log-level", options.log_level,
                 "trace, debug, info, warning, error or off; logs go to stderr")
      ->group("Running");
}

bool HasTerminal() {
  const int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
  }
  return fd >= 0;
}

absl::Status FindFiles(ServiceOptions& options) {
  if (!options.model_path.empty() && !options.worker_binary.empty()) {
    return absl::OkStatus();
  }
  const std::filesystem::path executable = bitnet::ProgramPath();
  if (executable.empty()) {
    return absl::InternalError("cannot find the running program's file");
  }
  if (options.worker_binary.empty()) {
    options.worker_binary = (executable.parent_path() / "bitnet-worker").string();
  }
  if (options.model_path.empty()) {
    ASSIGN_OR_RETURN(options.model_path, bitnet::FindDefaultModel(std::getenv("BITNET_MODEL"), executable));
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "bitnet-front: %s\n", std::string(status.message()).c_str());
  return code;
}

int Main(int argc, char** argv) {
  ServiceOptions options;
  Seconds seconds;
  CLI::App app(
      "Serves a 1-bit or ternary language model over gRPC (bitnet.v1.InferenceService), with one worker "
      "process\n"
      "per cluster of CPU cores. Without flags it serves the embedded model on this machine only.\n"
      "Exit code: 0 stopped by a signal, 1 cannot run here, 64 wrong flags, 78 no worker can load the model.",
      "bitnet-front");
  std::string new_token;
  AddFlags(app, options, seconds, new_token);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (!new_token.empty()) {
    const bitnet::NewToken made = bitnet::MakeToken(new_token);
    std::printf("%s\n%s\n", made.token.c_str(), made.line.c_str());
    return 0;
  }
  options.drain_time = absl::Seconds(seconds.drain);
  options.failover_time = absl::Seconds(seconds.failover);
  options.stall_time = absl::Seconds(seconds.stall);
  options.step_limit = absl::Seconds(seconds.step);
  if (absl::Status status = bitnet::SetUpLogging("bitnet-front", options.log_level); !status.ok()) {
    return Fail(status, kExitUsage);
  }
  if (absl::Status status = FindFiles(options); !status.ok()) {
    return Fail(status, 1);
  }
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

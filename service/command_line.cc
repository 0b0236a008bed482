#include "service/command_line.h"

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "base/version.h"

namespace bitnet {
namespace {

constexpr int kExitUsage = 64;  // EX_USAGE.

// Durations of ServiceOptions, as flags give them.
struct Seconds {
  double drain = 30;
  double failover = 60;
  double stall = 10;
  double step = 120;
  double heartbeat = 10;
  double slow_reader = 60;
  double keepalive = 30;
  double keepalive_timeout = 10;
  double max_connection_age = 0;
  double max_connection_age_grace = 0;
  double resume_window = 300;

  void FillIn(ServiceOptions& options) const {
    const auto or_infinite = [](double value) {
      return value > 0 ? absl::Seconds(value) : absl::InfiniteDuration();
    };
    options.drain_time = absl::Seconds(drain);
    options.failover_time = absl::Seconds(failover);
    options.stall_time = absl::Seconds(stall);
    options.step_limit = absl::Seconds(step);
    options.call_times = {.heartbeat = absl::Seconds(heartbeat), .slow_reader = absl::Seconds(slow_reader)};
    options.resume_window = absl::Seconds(resume_window);
    options.connections = {.keepalive_time = absl::Seconds(keepalive),
                           .keepalive_timeout = absl::Seconds(keepalive_timeout),
                           .max_age = or_infinite(max_connection_age),
                           .max_age_grace = or_infinite(max_connection_age_grace)};
  }
};

void AddResumeFlags(CLI::App& app, ResumeLimits& limits, Seconds& seconds) {
  app.add_option("--resume-window", seconds.resume_window,
                 "Seconds for which a resumable answer goes on and is kept while nobody reads it")
      ->check(CLI::Range(0.001, 86400.0))
      ->group("Limits");
  app.add_option(
         "--max-resumable", limits.answers,
         "Resumable answers that are kept; complete ones that nobody reads make room for new ones, else "
         "those get RESOURCE_EXHAUSTED")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--max-resumable-bytes", limits.bytes, "As above, of all of them in memory")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
}

// Of clients, their connections and how long they may be quiet.
void AddConnectionFlags(CLI::App& app, ServiceOptions& options, Seconds& seconds) {
  app.add_option(
         "--heartbeat", seconds.heartbeat,
         "Seconds of silence after which a client is told that its answer is still on the way, once a "
         "worker has taken the request; 0: never")
      ->check(CLI::Range(0.0, 86400.0))
      ->group("Connections");
  app.add_option("--slow-reader-timeout", seconds.slow_reader,
                 "A client that takes nothing of its answer for so many seconds loses it")
      ->check(CLI::Range(0.001, 86400.0))
      ->group("Connections");
  app.add_option("--keepalive-seconds", seconds.keepalive,
                 "A client whose connection has been quiet for so long is pinged")
      ->check(CLI::Range(1.0, 86400.0))
      ->group("Connections");
  app.add_option("--keepalive-timeout", seconds.keepalive_timeout,
                 "Seconds in which it has to answer, or its requests are cancelled")
      ->check(CLI::Range(0.1, 86400.0))
      ->group("Connections");
  app.add_option(
         "--max-connection-age", seconds.max_connection_age,
         "After so many seconds, give or take a tenth, a client is asked to connect again: the way to "
         "spread clients over servers behind a balancer of connections; 0: never")
      ->check(CLI::Range(0.0, 1e6))
      ->group("Connections");
  app.add_option("--max-connection-age-grace", seconds.max_connection_age_grace,
                 "How long after that answers in progress may use the old connection; 0: to their end")
      ->check(CLI::Range(0.0, 1e6))
      ->group("Connections");
  app.add_flag(
         "--channelz", options.channelz,
         "Serve gRPC's channelz at --admin-listen, or without that at --listen; only at an address that "
         "no other machine reaches, for it asks for no token")
      ->group("Connections");
}

void AddWaitingFlags(CLI::App& app, AdmissionLimits& waiting) {
  app.add_option(
         "--max-waiting", waiting.requests,
         "Requests that may wait for their first token; more get RESOURCE_EXHAUSTED and are told when "
         "to come back")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--max-waiting-tokens", waiting.tokens,
                 "Tokens of prompts and answers (max_tokens, or 256) that these may ask for together; a "
                 "single request may ask for any number")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--max-waiting-per-client", waiting.requests_per_client,
                 "As --max-waiting, of one client: the name of a token, or an address where callers have no "
                 "tokens. Behind a load balancer without tokens all clients have one address")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--max-waiting-tokens-per-client", waiting.tokens_per_client,
                 "As --max-waiting-tokens, of one client")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
}

void AddModelFlags(CLI::App& app, CommandLine& flags) {
  const auto add = [&app](const char* name, std::vector<std::string>& values, const char* help) {
    app.add_option(name, values, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false)
        ->group("What is served");
  };
  add("--model", flags.models,
      "PATH or NAME=PATH of a GGUF file to serve, by default $BITNET_MODEL or the small embedded model; "
      "given "
      "several times it serves several, and the first one is for requests that name none");
  add("--alias", flags.aliases, "NAME=MODEL: another name for a model; may be given several times");
  add("--adapter", flags.adapters,
      "NAME=PATH, or MODEL,NAME=PATH, of a LoRA adapter that requests can name: a GGUF file or a directory "
      "of "
      "PEFT's; may be given several times");
}

void AddAddressFlags(CLI::App& app, ServiceOptions& options) {
  app.add_option("--listen", options.listen_address, "Where to serve gRPC; port 0 takes a free one")
      ->group("Addresses");
  app.add_option("--http", options.http_address,
                 "Where to serve OpenAI's API (/v1/chat/completions and others), /metrics, /healthz and "
                 "/readyz; port 0 as above")
      ->group("Addresses");
  app.add_option("--admin-listen", options.admin_address,
                 "Where to serve bitnet.v1.AdminService, which loads adapters from files of this machine; by "
                 "default nowhere")
      ->group("Addresses");
  app.add_option("--agent-listen", options.agent_address,
                 "Where to tell HAProxy's agent check how busy this server is; by default nowhere")
      ->group("Addresses");
  app.add_option("--port-file", options.port_file,
                 "Write the chosen addresses to this file, as JSON: {\"grpc\": ..., \"http\": ...}")
      ->group("Addresses");
}

void AddCallerFlags(CLI::App& app, ServiceOptions& options, std::string& new_token) {
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
  app.add_option(
         "--cors-origin", options.cors_origins,
         "Let web pages of this origin (https://example.org, or * for all) call over HTTP; may be given "
         "several times")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
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
}

void AddWorkerFlags(CLI::App& app, ServiceOptions& options) {
  app.add_option("--workers", options.num_workers,
                 "Worker processes of each model; 0: one per cluster of CPU cores")
      ->check(CLI::Range(0, 256))
      ->group("Workers");
  app.add_option("--threads", options.threads_per_worker,
                 "Compute threads of each worker; 0: its share of the cores of its cluster")
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
  app.add_flag(
         "--no-sandbox", options.no_sandbox,
         "Leave workers the network, and rights to write files and start programs, which they do not need")
      ->group("Workers");
  app.add_option(
         "--powermetrics-file", options.powermetrics_file,
         "A file that root lets macOS' powermetrics write as text, for energy and frequencies where the "
         "system tells none")
      ->group("Workers");
  app.add_option("--sensor-root", options.sensor_root, "Workers read /sys below this directory; for tests")
      ->group("");
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

  app.add_flag("--lock-memory", options.lock_memory,
               "Workers keep their weights from being paged out when memory is short, as far as limits allow "
               "(LimitMEMLOCK= or ulimit -l on Linux, vm.user_wire_limit on macOS)")
      ->group("Workers");
  app.add_option("--use-metal", options.use_metal,
                 "off, auto, on or hybrid: whether workers run steps on the GPU of a Mac (auto: those that "
                 "measure faster; "
                 "hybrid: prompts), which changes no answer; by default off")
      ->check(CLI::IsMember({"off", "auto", "on", "hybrid"}))
      ->group("Workers");
  app.add_option(
         "--sparsity", options.sparsity,
         "on or off: whether workers keep a second copy of the feed-forward matrices of a model with a "
         "squared ReLU, of which a lone answer reads only what matters; by default off")
      ->check(CLI::IsMember({"on", "off"}))
      ->group("Workers");
}

// What is handed to the workers.
void AddWorkerLimitFlags(CLI::App& app, ServiceOptions& options) {
  app.add_option("--max-sequences", options.max_sequences, "Requests that a worker generates for at once")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option(
         "--power-cap-watts", options.power_cap_watts,
         "What this machine may take, as its own counter has it: above that, work moves to efficiency "
         "cores, then fewer requests are generated for at once, at least one by each worker. Refused "
         "where no counter can be read")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  app.add_option("--chunk-size", options.chunk_size,
                 "Prompt tokens that a worker takes in one step at most: larger chunks read a prompt "
                 "faster, smaller "
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
}

void AddRunningFlags(CLI::App& app, ServiceOptions& options, Seconds& seconds) {
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

}  // namespace

std::optional<int> ParseCommandLine(int argc, char** argv, CommandLine& out) {
  Seconds seconds;
  CLI::App app(
      "Serves 1-bit and ternary language models over gRPC (bitnet.v1.InferenceService), each with one "
      "worker "
      "process\n"
      "per cluster of CPU cores. Without flags it serves the embedded model on this machine only.\n"
      "Exit code: 0 stopped by a signal, 1 cannot run here, 64 wrong flags, 78 no worker can load the "
      "model.",
      "bitnet-front");
  ServiceOptions& options = out.options;
  AddModelFlags(app, out);
  app.set_version_flag("--version", std::string("bitnet-front ") + std::string(Version()));
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  AddAddressFlags(app, options);
  AddCallerFlags(app, options, out.new_token);
  AddWorkerFlags(app, options);
  AddWorkerLimitFlags(app, options);
  AddWaitingFlags(app, options.waiting);
  AddResumeFlags(app, options.resumable, seconds);
  AddConnectionFlags(app, options, seconds);
  app.add_option("--max-message-bytes", options.max_message_bytes, "Size of one request at most")
      ->check(CLI::PositiveNumber)
      ->group("Limits");
  AddRunningFlags(app, options, seconds);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  seconds.FillIn(options);
  return std::nullopt;
}

}  // namespace bitnet

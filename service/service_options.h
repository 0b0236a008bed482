// What a front can be told. The flags of main.cc fill it; tests fill it by hand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/admission/admission_limits.h"
#include "service/models/model_spec.h"
#include "service/rpc/call_times.h"
#include "service/rpc/connection_options.h"
#include "service/rpc/resume_store.h"
#include "service/security/server_credentials.h"

namespace bitnet {

struct ServiceOptions {
  std::vector<ModelSpec> models;                   // At least one; the first is the default.
  std::string listen_address = "127.0.0.1:50051";  // Of the gRPC service; port 0 takes a free one.
  std::string http_address =
      "127.0.0.1:8080";       // Of OpenAI's API, /metrics, /healthz and /readyz; port 0 takes a free one.
  std::string port_file;      // If set: where the addresses are written once both listen.
  std::string admin_address;  // Of the AdminService; port 0 takes a free one. "": nobody can change anything.
  std::string agent_address;  // Of the agent check for load balancers; port 0 takes a free one. "": nowhere.
  // Who may call: see security/.
  std::string token_file;                 // "": callers need no token.
  TlsOptions tls;                         // Of both gRPC ports.
  bool allow_anonymous = false;           // Serve everybody at addresses that other machines reach.
  bool open_metrics = false;              // /metrics wants no token.
  std::vector<std::string> cors_origins;  // Whose web pages may call over HTTP; "*": everybody's.

  std::string worker_binary;  // The program bitnet-worker.
  std::string run_directory;  // For the workers' sockets; empty: a fresh one, removed at exit.

  int num_workers = 0;         // Of each model. 0: one for each core cluster of the machine.
  int threads_per_worker = 0;  // 0: the cores of its cluster, shared out between the workers of a cluster.

  // Handed to the workers as they are; absent: the worker's own default.
  std::optional<int> max_sequences;
  std::optional<int> chunk_size;
  std::optional<double> step_ms;
  std::string prefix_cache;  // "on" or "off".
  std::optional<long> kv_cache_tokens;
  std::string speculate;  // "off" or "lookup".
  std::string sparsity;   // "on" or "off".
  bool lock_memory = false;
  std::string use_metal;  // "": the workers' default.
  std::string isa;
  bool no_mmap = false;
  bool no_sandbox = false;        // Workers keep all rights of the front.
  std::string i2s_layout;         // "": the workers' default.
  std::string head;               // "": the workers' default.
  std::string kv_type;            // "": the workers' default.
  std::string powermetrics_file;  // Where root lets macOS' powermetrics write; "": nowhere.
  std::string sensor_root;        // Workers read /sys below it; for tests.
  std::string log_level = "info";

  // What the machine may take; less is computed at once where it takes more. Absent: there is no ceiling.
  std::optional<double> power_cap_watts;
  AdmissionLimits waiting;  // What may wait for a first token; more is refused with RESOURCE_EXHAUSTED.
  CallTimeLimits call_times;
  ResumeLimits resumable;                           // What is kept for clients that come back.
  absl::Duration resume_window = absl::Minutes(5);  // And how long.
  ConnectionOptions connections;                    // Of both gRPC ports.
  bool channelz = false;            // Serve gRPC's channelz, where only this machine reaches it.
  int max_message_bytes = 4 << 20;  // Of one request.
  absl::Duration drain_time = absl::Seconds(30);  // How long running requests may go on after SIGTERM.
  // How long an answer that lost its worker, or a request while none is ready, waits for one. Zero: both end
  // with UNAVAILABLE at once.
  absl::Duration failover_time = absl::Seconds(60);
  // A worker that does not answer, or is stopped, for so long is killed and started again; so is one that has
  // requests and finishes no step for `step_limit`.
  absl::Duration stall_time = absl::Seconds(10);
  absl::Duration step_limit = absl::Minutes(2);
  absl::Duration poll_interval =
      absl::Milliseconds(500);  // How often the workers are asked for their status.
};

}  // namespace bitnet

// This front as a member of a fleet: what it tells the load balancer before it, and how an operator holds it
// back.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "service/admission/admission.h"
#include "service/fleet/agent_server.h"
#include "service/models/model_set.h"
#include "service/rpc/call_registry.h"

namespace bitnet {

// Safe to share between threads, but for Listen.
class FleetAgent {
 public:
  struct Sources {  // Borrowed; outlive this.
    const ModelSet& models;
    const Admission& admission;
    const CallRegistry& calls;
    int max_waiting;
  };
  explicit FleetAgent(const Sources& sources) : sources_(sources) {}

  // Serves the agent check at `address`; "" serves it nowhere.
  absl::Status Listen(const std::string& address);
  // "" if it is not served.
  std::string address() const { return server_ == nullptr ? "" : server_->address(); }

  // At most this share of new requests from now on, 0 none; 100 at first. INVALID_ARGUMENT: above 100;
  // FAILED_PRECONDITION: no agent check is served, so nobody would learn of it.
  absl::Status SetWeight(uint32_t percent);

  std::string Answer() const;

 private:
  const Sources sources_;
  std::atomic<int> limit_percent_ = 100;
  std::unique_ptr<AgentServer> server_;
};

}  // namespace bitnet

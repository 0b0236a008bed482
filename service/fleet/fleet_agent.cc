#include "service/fleet/fleet_agent.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/errors/field_violations.h"
#include "service/fleet/agent_weight.h"
#include "spdlog/spdlog.h"

namespace bitnet {

absl::Status FleetAgent::Listen(const std::string& address) {
  if (!address.empty()) {
    ASSIGN_OR_RETURN(server_, AgentServer::Start(address, [this] { return Answer(); }));
    spdlog::info("agent checks at {}", server_->address());
  }
  return absl::OkStatus();
}

absl::Status FleetAgent::SetWeight(uint32_t percent) {
  if (percent > 100) {
    return InvalidField("percent", absl::StrCat("is ", percent, ", wanted at most 100"));
  }
  if (server_ == nullptr) {
    return absl::FailedPreconditionError("no load balancer is told: start the server with --agent-listen");
  }
  limit_percent_ = static_cast<int>(percent);
  spdlog::info("weight: {} % by an operator", percent);
  return absl::OkStatus();
}

std::string FleetAgent::Answer() const {
  AgentLoad load = {.draining = !sources_.calls.CheckOpen().ok(),
                    .not_ready = std::string(sources_.models.CheckReady().message()),
                    .limit_percent = limit_percent_,
                    .queued = sources_.admission.waiting(),
                    .max_queued = sources_.max_waiting};
  AddWorkers(sources_.models.Views(), load);
  return AgentAnswer(load);
}

}  // namespace bitnet

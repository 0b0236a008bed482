// What a load balancer is told about this front: HAProxy's agent check, one line of text. No sockets here.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "service/router/worker_pool.h"

namespace bitnet {

struct AgentLoad {
  bool draining = false;       // No request is taken any more; running ones go on.
  std::string not_ready = {};  // Why no worker can take a request; empty: one can.
  int limit_percent = 100;     // The most that is wanted, by an operator; 0: no new requests.

  // Of the ready workers together.
  int64_t kv_blocks = 0;
  int64_t kv_blocks_free = 0;
  int64_t running = 0;
  int64_t waiting = 0;  // Without a slot yet, behind those that run.
  // Of their usual work, what the heat of the machine lets them take: the mean. 1: all of it.
  double heat_weight = 1;

  // Of the front: requests without a first token, and how many there may be.
  int queued = 0;
  int max_queued = 0;
};

// Adds up what the workers that are up have told; a worker that has not told anything yet counts as idle.
void AddWorkers(std::span<const WorkerPool::View> workers, AgentLoad& load);

// Share of new requests that is wanted, of what an idle front of the same kind gets: 100 until half of the KV
// cache, or of the queue, is in use or half of the requests wait for a slot; 10 when all is. In tens, for
// each change moves keys of a consistent hash, and with them requests away from the prompts that are cached.
// `limit_percent` and heat scale it, to no less than 1 unless it is 0.
int AgentWeight(const AgentLoad& load);

// "up 100%\n", "up 0%\n" in a drain, "down #reason\n".
//
// A drain is the weight 0 and not HAProxy's word "drain": that sets the server's administrative state, which
// only the word "ready" clears, and "ready" said every second would also undo what operators set in HAProxy.
// HAProxy's page shows both as DRAIN, and it treats them alike where no cookie binds clients to servers.
std::string AgentAnswer(const AgentLoad& load);

}  // namespace bitnet

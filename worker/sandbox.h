// What a worker gives up before it reads anything that others wrote.
#pragma once

#include <string>
#include <vector>

namespace bitnet {

struct Sandbox {
  std::vector<std::string> in_force;  // For a log line: "no network" and the like.
  std::vector<std::string> missing;   // What this system did not grant, and why.
};

// Takes from the process, all its threads and for good, what serving a model does not need: the network,
// writing and removing files, other programs, other processes, rights it does not have yet. Left are Unix
// sockets that others connect to, files for reading (adapters are loaded at any time), threads, memory and
// the descriptors that are open. Forbidden calls fail with EPERM; to start another program ends the process
// (SIGSYS).
//
// After this the sockets on which the process listened cannot be removed by it.
Sandbox EnterSandbox();

}  // namespace bitnet

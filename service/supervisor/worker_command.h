// The command line of a worker.
#pragma once

#include <string>
#include <vector>

#include "service/models/model_spec.h"
#include "service/service_options.h"
#include "service/supervisor/worker_spec.h"

namespace bitnet {

std::vector<std::string> WorkerCommand(const ServiceOptions& options, const ModelSpec& model,
                                       const WorkerSpec& spec, const std::string& socket_path);

}  // namespace bitnet

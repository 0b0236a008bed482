// What a worker is told of a client's request.
#pragma once

#include <string>

#include "proto/bitnet/v1/inference.pb.h"
#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// All but the attempt and the tokens. The seed is the client's, if it gave one.
void FillWorkerRequest(const v1::GenerateRequest& request, const std::string& request_id,
                       worker::v1::GenerateRequest& out);

}  // namespace bitnet

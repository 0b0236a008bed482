// From a client's request to the answer, or the embeddings, yet to be started.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/rpc/answer_session.h"
#include "service/rpc/embed_session.h"
#include "service/rpc/serving.h"

namespace bitnet {

// Of the caller that `authorization`, the header's value, names, at `peer` in gRPC's spelling
// ("ipv4:10.0.0.5:41234"). The request counts as one of the caller's, and is at most as important as the
// caller may be. Errors are those of Authenticator::Admit.
absl::StatusOr<std::shared_ptr<AnswerSession>> MakeAnswer(v1::GenerateRequest request,
                                                          std::string_view authorization,
                                                          std::string_view peer, const Serving& serving);
// The same for embeddings; `method` is what they count as, "Embed".
absl::StatusOr<std::shared_ptr<EmbedSession>> MakeEmbeddings(v1::EmbedRequest request, const char* method,
                                                             std::string_view authorization,
                                                             std::string_view peer, const Serving& serving);

}  // namespace bitnet

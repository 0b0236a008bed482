#include "service/rpc/make_answer.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "service/security/client_name.h"

namespace bitnet {
namespace {

// A caller's requests are at most as important as its line in the file of tokens says.
template <typename Request>
void LimitPriority(Request& request, const Caller& caller) {
  if (v1::Priority_IsValid(request.priority())) {
    const v1::Priority asked =
        request.priority() == v1::PRIORITY_UNSPECIFIED ? v1::PRIORITY_NORMAL : request.priority();
    request.set_priority(std::min(asked, caller.most_important));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<AnswerSession>> MakeAnswer(v1::GenerateRequest request,
                                                          std::string_view authorization,
                                                          std::string_view peer, const Serving& serving) {
  ASSIGN_OR_RETURN(Authenticator::Admitted caller, serving.callers.Admit(authorization));
  LimitPriority(request, caller.caller());
  std::string client = ClientName(caller.caller().name, peer);
  return std::make_shared<AnswerSession>(std::move(request), serving, std::move(caller), std::move(client));
}

absl::StatusOr<std::shared_ptr<EmbedSession>> MakeEmbeddings(v1::EmbedRequest request, const char* method,
                                                             std::string_view authorization,
                                                             std::string_view peer, const Serving& serving) {
  ASSIGN_OR_RETURN(Authenticator::Admitted caller, serving.callers.Admit(authorization));
  LimitPriority(request, caller.caller());
  std::string client = ClientName(caller.caller().name, peer);
  return std::make_shared<EmbedSession>(std::move(request), method, serving, std::move(caller),
                                        std::move(client));
}

}  // namespace bitnet

#include "service/rpc/embed_call.h"

#include <chrono>
#include <memory>
#include <utility>

#include "service/errors/error_details.h"
#include "service/rpc/make_answer.h"
#include "service/security/authorization.h"

namespace bitnet {
namespace {

constexpr char kMethod[] = "Embed";

// Deletes itself.
class EmbedCall final : public grpc::ServerUnaryReactor {
 public:
  EmbedCall(grpc::CallbackServerContext* context, const v1::EmbedRequest& request,
            v1::EmbedResponse* response, const Serving& serving)
      : context_(context), response_(response) {
    absl::StatusOr<std::shared_ptr<EmbedSession>> session =
        MakeEmbeddings(request, kMethod, AuthorizationOf(*context), context->peer(), serving);
    if (!session.ok()) {
      serving.metrics.CountRefusal(kMethod, session.status());
      Finish(ErrorReply(serving.admission.WithRetry(session.status()), *context_));
      return;
    }
    session_ = *std::move(session);
    session_->Start(context_->deadline(), [this](EmbedSession::Result result) { End(std::move(result)); });
  }

 private:
  void OnCancel() override {
    if (session_ != nullptr) {
      session_->End(context_->deadline() <= std::chrono::system_clock::now()
                        ? absl::DeadlineExceededError("deadline before all inputs were embedded")
                        : absl::CancelledError("the client cancelled"));
    }
  }
  void OnDone() override { delete this; }

  void End(EmbedSession::Result result) {
    if (result.ok()) {
      *response_ = *std::move(result);
      Finish(grpc::Status::OK);
    } else {
      Finish(ErrorReply(result.status(), *context_));
    }
  }

  grpc::CallbackServerContext* const context_;
  v1::EmbedResponse* const response_;
  std::shared_ptr<EmbedSession> session_;  // Null: the caller was turned away.
};

}  // namespace

grpc::ServerUnaryReactor* StartEmbed(grpc::CallbackServerContext* context, const v1::EmbedRequest& request,
                                     v1::EmbedResponse* response, const Serving& serving) {
  return new EmbedCall(context, request, response, serving);
}

}  // namespace bitnet

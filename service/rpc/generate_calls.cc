#include "service/rpc/generate_calls.h"

#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "service/errors/error_details.h"
#include "service/rpc/answer_session.h"
#include "service/rpc/grpc_answer_stream.h"
#include "service/rpc/make_answer.h"
#include "service/security/authorization.h"

namespace bitnet {
namespace {

// A call that ends before there is an answer to it. Deletes itself.
class RefusedCall final : public grpc::ServerWriteReactor<v1::GenerateResponse> {
 public:
  RefusedCall(const char* method, const absl::Status& status, grpc::CallbackServerContext& context,
              const Serving& serving) {
    serving.metrics.CountRefusal(method, status);
    context.AddTrailingMetadata(kLoadReportKey, serving.load.Report().SerializeAsString());
    Finish(ErrorReply(serving.admission.WithRetry(status), context));
  }
  void OnDone() override { delete this; }
};

absl::StatusOr<std::shared_ptr<AnswerSession>> FindAnswer(const grpc::CallbackServerContext& context,
                                                          const std::string& request_id,
                                                          const Serving& serving) {
  ASSIGN_OR_RETURN(const Caller caller, serving.callers.Identify(AuthorizationOf(context)));
  return serving.resumable.Find(request_id, caller.name);
}

}  // namespace

grpc::ServerWriteReactor<v1::GenerateResponse>* StartGenerate(grpc::CallbackServerContext* context,
                                                              const v1::GenerateRequest& request,
                                                              const Serving& serving) {
  absl::StatusOr<std::shared_ptr<AnswerSession>> answer =
      MakeAnswer(request, AuthorizationOf(*context), context->peer(), serving);
  if (!answer.ok()) {
    return new RefusedCall("Generate", answer.status(), *context, serving);
  }
  const std::shared_ptr<GrpcAnswerStream> stream = GrpcAnswerStream::Make("Generate", context, *answer, 0);
  const absl::MutexLock lock(&(*answer)->mutex());
  (*answer)->Start(stream, context->deadline());
  return stream.get();
}

grpc::ServerWriteReactor<v1::GenerateResponse>* StartResume(grpc::CallbackServerContext* context,
                                                            const v1::ResumeRequest& request,
                                                            const Serving& serving) {
  absl::StatusOr<std::shared_ptr<AnswerSession>> answer = FindAnswer(*context, request.request_id(), serving);
  if (!answer.ok()) {
    return new RefusedCall("Resume", answer.status(), *context, serving);
  }
  const std::shared_ptr<GrpcAnswerStream> stream =
      GrpcAnswerStream::Make("Resume", context, *answer, request.next_index());
  const absl::MutexLock lock(&(*answer)->mutex());
  if (absl::Status status = (*answer)->Attach(stream); !status.ok()) {
    stream->EndWith(std::move(status));
  }
  return stream.get();
}

absl::Status CancelAnswer(const grpc::CallbackServerContext& context, const v1::CancelRequest& request,
                          const Serving& serving) {
  ASSIGN_OR_RETURN(const std::shared_ptr<AnswerSession> answer,
                   FindAnswer(context, request.request_id(), serving));
  const absl::MutexLock lock(&answer->mutex());
  answer->Cancel();
  return absl::OkStatus();
}

}  // namespace bitnet

// What was done before a batch of operations was started comes before what is done when it has completed.
// gRPC hands completions from thread to thread through queues without locks, which the thread sanitizer does
// not see.
#include <grpc/grpc.h>
#include <grpcpp/support/callback_common.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

#include "tests/tsan/interpose.h"

namespace bitnet::tsan {
namespace {

template <typename Tag>
void Complete(grpc_completion_queue_functor* tag, int ok) {
  __tsan_acquire(tag);
  static_cast<Tag*>(tag)->Run(ok != 0);
}

grpc_event Complete(grpc_event event) {
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // namespace
}  // namespace bitnet::tsan

extern "C" {

using bitnet::tsan::Complete;
using bitnet::tsan::Next;

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t num_ops, void* tag,
                                      void* reserved) {
  __tsan_release(tag);
  return Next<&grpc_call_start_batch>()(call, ops, num_ops, tag, reserved);
}

// Synchronous calls get their completions from these.
grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  return Complete(Next<&grpc_completion_queue_next>()(queue, deadline, reserved));
}
grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag, gpr_timespec deadline,
                                       void* reserved) {
  return Complete(Next<&grpc_completion_queue_pluck>()(queue, tag, deadline, reserved));
}

// A server is destroyed after its calls have ended, which it counts in an atomic. Of all servers of a process
// alike.
static char g_ended_calls;
void grpc_call_unref(grpc_call* call) {
  __tsan_release(&g_ended_calls);
  Next<&grpc_call_unref>()(call);
}
void grpc_server_destroy(grpc_server* server) {
  Next<&grpc_server_destroy>()(server);
  __tsan_acquire(&g_ended_calls);
}

// Calls with callbacks get theirs through a static function of their tag, which is private and defined in a
// header: these have the names of those, and the linker prefers them.
void bitnet_tsan_run_success(grpc_completion_queue_functor* tag, int ok) __asm__(
    "_ZN4grpc8internal22CallbackWithSuccessTag9StaticRunEP29grpc_completion_queue_functori");
void bitnet_tsan_run_success(grpc_completion_queue_functor* tag, int ok) {
  Complete<grpc::internal::CallbackWithSuccessTag>(tag, ok);
}
void bitnet_tsan_run_status(grpc_completion_queue_functor* tag, int ok) __asm__(
    "_ZN4grpc8internal21CallbackWithStatusTag9StaticRunEP29grpc_completion_queue_functori");
void bitnet_tsan_run_status(grpc_completion_queue_functor* tag, int ok) {
  Complete<grpc::internal::CallbackWithStatusTag>(tag, ok);
}

}  // extern "C"

namespace grpc::internal {

using bitnet::tsan::Next;

// A call is done, or cancelled, when the last of several parties has said so by counting down: gRPC's own,
// where the sanitizer does not see that it read what the others wrote.
void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  __tsan_acquire(&callbacks_outstanding_);
  (this->*Next<&ServerCallbackCall::ScheduleOnDone>())(inline_ondone);
}
void ServerCallbackCall::CallOnCancel(ServerReactor* reactor) {
  __tsan_acquire(&on_cancel_conditions_remaining_);
  (this->*Next<&ServerCallbackCall::CallOnCancel>())(reactor);
}

}  // namespace grpc::internal

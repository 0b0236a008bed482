// A short call to a worker, for coroutines.
#pragma once

#include <grpcpp/client_context.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "boost/asio/awaitable.hpp"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"
#include "service/http/http_exchange.h"
#include "service/router/worker_pool.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/call_times.h"
#include "service/rpc/worker_failure.h"

namespace bitnet {

// The method's request and response. Lives until the call has ended, whoever waits for it.
template <typename Request, typename Response>
class WorkerCall : public std::enable_shared_from_this<WorkerCall<Request, Response>> {
 public:
  // A method of the stub's async().
  using Method = void (worker::v1::WorkerService::Stub::async::*)(grpc::ClientContext*, const Request*,
                                                                  Response*,
                                                                  std::function<void(grpc::Status)>);

  WorkerCall(CallRegistry* calls, WorkerLease worker) : counted_(calls), worker_(std::move(worker)) {
    context_.set_deadline(std::chrono::system_clock::now() + kUnaryDeadline);
  }

  Request request;
  Response response;  // Once Run has returned OK.

  // Ends early, and the call with it, if the client goes.
  boost::asio::awaitable<absl::Status> Run(Method method, HttpExchange& exchange) {
    worker::v1::WorkerService::Stub& stub = worker_.stub();
    (stub.async()->*method)(
        &context_, &request, &response,
        [self = this->shared_from_this(), wakeup = exchange.wakeup()](const grpc::Status& status) {
          self->status_ = status;
          self->ended_ = true;
          wakeup->Notify();
        });
    while (!ended_ && !exchange.client_gone()) {
      co_await exchange.Wait(absl::InfiniteDuration());
    }
    if (!ended_) {
      context_.TryCancel();
      co_return absl::CancelledError("the client has gone");
    }
    co_return status_.ok() ? absl::OkStatus() : WorkerFailure(worker_.name(), "before it answered", status_);
  }

 private:
  const CallRegistry::ClientCall counted_;  // Goes after the context.
  grpc::ClientContext context_;
  WorkerLease worker_;
  std::atomic<bool> ended_ = false;
  grpc::Status status_;
};

}  // namespace bitnet

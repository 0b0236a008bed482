#include "service/rpc/worker_stream.h"

#include <utility>

namespace bitnet {

WorkerStream* WorkerStream::Start(std::shared_ptr<Listener> listener, worker::v1::WorkerService::Stub& stub,
                                  worker::v1::GenerateRequest request,
                                  std::chrono::system_clock::time_point deadline, CallRegistry* calls) {
  auto* stream =
      new WorkerStream(std::move(listener), std::move(request), calls);  // Deletes itself in OnDone.
  stream->context_.set_deadline(deadline);
  stub.async()->Generate(&stream->context_, &stream->request_, stream);
  stream->StartRead(&stream->event_);
  stream->StartCall();
  return stream;
}

WorkerStream::WorkerStream(std::shared_ptr<Listener> listener, worker::v1::GenerateRequest request,
                           CallRegistry* calls)
    : listener_(std::move(listener)), request_(std::move(request)), call_(calls) {}

void WorkerStream::Pause() {
  paused_ = true;
  AddHold();  // With no read under way, only this keeps OnDone from overtaking Resume's StartRead.
}

void WorkerStream::Resume() {
  if (std::exchange(paused_, false)) {
    StartRead(&event_);
    RemoveHold();
  }
}

void WorkerStream::Cancel() {
  context_.TryCancel();
  Resume();
}

// Not OK where the worker answered with a status alone.
void WorkerStream::OnReadInitialMetadataDone(bool ok) {
  if (ok) {
    listener_->OnStreamAccepted();
  }
}

void WorkerStream::OnReadDone(bool ok) {
  if (ok) {
    listener_->OnStreamEvent(event_);
  }
}

void WorkerStream::OnDone(const grpc::Status& status) {
  listener_->OnStreamDone(status);
  delete this;
}

}  // namespace bitnet

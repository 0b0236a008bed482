// paced_worker: what bitnet-worker is to a front, with an engine that costs nothing, so that the front alone
// is measured. The front starts it as its worker, and --model says how it paces (paced_engine.h):
//
//   bitnet-front --worker-binary paced_worker --model step-us=10000,slots=64 --workers 1
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bench/front/paced_call.h"
#include "bench/front/paced_engine.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/worker_exit_codes.h"

namespace bitnet {
namespace {

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

class PacedService final : public worker::v1::WorkerService::CallbackService {
 public:
  explicit PacedService(const Pace& pace) : pace_(pace), engine_(pace) {}

 private:
  grpc::ServerWriteReactor<worker::v1::GenerateResponse>* Generate(
      grpc::CallbackServerContext* /*context*/, const worker::v1::GenerateRequest* request) override {
    return PacedCall::Start(*request, pace_.stamped, &engine_);
  }
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override {
    for (const char byte : request->text()) {
      response->add_ids(static_cast<unsigned char>(byte));
      response->add_pieces(std::string(1, byte));
    }
    return Done(context);
  }
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const worker::v1::GetModelRequest* /*request*/,
                                     v1::Model* response) override {
    response->set_name("paced");
    response->set_vocab_size(256);
    response->set_context_length(1 << 20);
    return Done(context);
  }
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const worker::v1::GetStatusRequest* /*request*/,
                                      worker::v1::WorkerStatus* response) override {
    const PacedEngine::Load load = engine_.load();
    response->set_threads(1);
    response->set_steps(load.steps);
    response->set_running(static_cast<uint32_t>(load.running));
    response->set_waiting(static_cast<uint32_t>(load.waiting));
    return Done(context);
  }

  const Pace pace_;
  PacedEngine engine_;
};

// The front asks each worker that starts which adapters it has.
class NoAdapters final : public v1::AdminService::CallbackService {
  grpc::ServerUnaryReactor* ListAdapters(grpc::CallbackServerContext* context,
                                         const v1::ListAdaptersRequest* /*request*/,
                                         v1::ListAdaptersResponse* /*response*/) override {
    return Done(context);
  }
};

void Tell(int fd, const std::string& line) { static_cast<void>(!write(fd, line.data(), line.size())); }

int Main(int argc, char** argv) {
  CLI::App app("A worker for measuring the front. Flags of bitnet-worker that mean nothing here are ignored.",
               "paced_worker");
  app.allow_extras();
  std::string model, socket;
  int ready_fd = -1, parent_fd = STDIN_FILENO;
  app.add_option("--model", model, "Pace, as step-us=10000,slots=64,prefill-steps=1,portions=1,stamped=1");
  app.add_option("--socket", socket, "Path of the Unix socket to serve at")->required();
  app.add_option("--ready-fd", ready_fd, "Where to write READY");
  app.add_option("--parent-fd", parent_fd, "Leaves at the end of this file; by default stdin")
      ->type_name("FD");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<Pace> pace = Pace::Parse(model);
  if (!pace.ok()) {
    Tell(ready_fd, absl::StrCat("FAILED ", pace.status().message(), "\n"));
    return kWorkerExitBadModel;
  }
  PacedService service(*pace);
  NoAdapters adapters;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  builder.RegisterService(&adapters);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    Tell(ready_fd, absl::StrCat("FAILED cannot listen at ", socket, "\n"));
    return 1;
  }
  Tell(ready_fd, "READY\n");
  char byte;
  while (read(parent_fd, &byte, 1) > 0) {
  }
  std::_Exit(0);  // Calls may be under way, and none of them matters any more.
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) { return bitnet::Main(argc, argv); }

#include "service/router/worker_link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

std::shared_ptr<grpc::Channel> Connect(const std::string& socket_path) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // The front has bounded the request; the answer follows from it.
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // Whether to try again is decided above, never below us.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // A proxy in the environment is not for Unix sockets.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("unix:", socket_path), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

WorkerLink::WorkerLink(size_t worker_index, std::string worker_name, std::string socket)
    : index(worker_index),
      name(std::move(worker_name)),
      socket_path(std::move(socket)),
      channel(Connect(socket_path)),
      stub(worker::v1::WorkerService::NewStub(channel)),
      admin(v1::AdminService::NewStub(channel)) {}

}  // namespace bitnet

#include "service/rpc/channelz.h"

#include <grpcpp/ext/channelz_service_plugin.h>

namespace bitnet {

void EnableChannelz() {
  static const bool done = [] {
    grpc::channelz::experimental::InitChannelzService();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace bitnet

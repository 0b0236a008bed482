#include "service/security/client_name.h"

namespace bitnet {

std::string ClientName(std::string_view caller_name, std::string_view peer) {
  if (!caller_name.empty()) {
    return std::string(caller_name);
  }
  const bool has_port = peer.starts_with("ipv4:") || peer.starts_with("ipv6:");
  return std::string(has_port ? peer.substr(0, peer.rfind(':')) : peer);
}

}  // namespace bitnet

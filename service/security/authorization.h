// The header in which callers say who they are.
#pragma once

#include <grpcpp/server_context.h>

#include <string_view>

namespace bitnet {

// Of "authorization"; "" if there is none. Points into the context.
inline std::string_view AuthorizationOf(const grpc::ServerContextBase& context) {
  const auto it = context.client_metadata().find("authorization");
  return it == context.client_metadata().end() ? std::string_view()
                                               : std::string_view(it->second.data(), it->second.size());
}

}  // namespace bitnet

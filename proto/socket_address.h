// How gRPC is told about a Unix socket.
#pragma once

#include <string>
#include <string_view>

namespace bitnet {

// "unix:" and the path, for AddListeningPort and for channels. gRPC parses it as a URI, so a path with a
// blank or a percent sign has to be escaped.
std::string SocketAddress(std::string_view path);

}  // namespace bitnet

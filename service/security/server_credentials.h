// TLS of the gRPC ports.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

struct TlsOptions {
  std::string certificate = {};  // PEM file of the chain, the server's own first; "": no TLS.
  std::string key = {};          // PEM file of its private key.
  std::string client_ca = {};    // PEM file of who signs clients' certificates; "": clients need none.

  bool enabled() const { return !certificate.empty(); }
};

// Files are looked at again every ten seconds: new connections get what is there then. INVALID_ARGUMENT: a
// file is missing or is not what it should be, or the key belongs to another certificate.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options);

}  // namespace bitnet

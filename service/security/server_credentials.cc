#include "service/security/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr unsigned kLookSeconds = 10;

template <typename T, void (*kFree)(T*)>
struct Free {
  void operator()(T* object) const { kFree(object); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, Free<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY, EVP_PKEY_free>>;

absl::StatusOr<Bio> Open(const char* flag, const std::string& path) {
  Bio bio(BIO_new_file(path.c_str(), "r"));
  if (bio == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " ", path, ": cannot be opened"));
  }
  return bio;
}

absl::StatusOr<Certificate> ReadCertificate(const char* flag, const std::string& path) {
  ASSIGN_OR_RETURN(const Bio bio, Open(flag, path));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " ", path, ": a certificate in PEM was wanted"));
  }
  return certificate;
}

absl::Status CheckFiles(const TlsOptions& options) {
  if (options.key.empty()) {
    return absl::InvalidArgumentError("--tls-cert wants --tls-key, the private key in PEM");
  }
  ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate("--tls-cert", options.certificate));
  ASSIGN_OR_RETURN(const Bio bio, Open("--tls-key", options.key));
  char no_password[] = "";  // Else OpenSSL asks at the terminal.
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tls-key ", options.key, ": a private key in PEM, without a password, was wanted"));
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tls-key ", options.key, " is not the key of ", options.certificate));
  }
  if (!options.client_ca.empty()) {
    RETURN_IF_ERROR(ReadCertificate("--tls-client-ca", options.client_ca).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const TlsOptions& options) {
  if (!options.enabled()) {
    if (!options.key.empty() || !options.client_ca.empty()) {
      return absl::InvalidArgumentError("--tls-key and --tls-client-ca want --tls-cert");
    }
    return grpc::InsecureServerCredentials();
  }
  RETURN_IF_ERROR(CheckFiles(options));
  namespace tls = grpc::experimental;
  const auto files = std::make_shared<tls::FileWatcherCertificateProvider>(options.key, options.certificate,
                                                                           options.client_ca, kLookSeconds);
  tls::TlsServerCredentialsOptions credentials(files);
  credentials.watch_identity_key_cert_pairs();
  if (!options.client_ca.empty()) {
    credentials.watch_root_certs();
    credentials.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(credentials);
}

}  // namespace bitnet

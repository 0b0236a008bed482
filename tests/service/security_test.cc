// A whole front whose callers are told apart.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "service/security/exposure.h"
#include "service/security/server_credentials.h"
#include "service/security/token_file.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A key and a certificate for "localhost", signed by itself or by `ca`.
struct Identity {
  std::string key, certificate;
};
Identity MakeIdentity(const std::string& name, const Identity* ca = nullptr) {
  const std::string base = absl::StrCat(testing::TempDir(), "security_test_", ::getpid(), name);
  const std::string signer = ca == nullptr ? "" : absl::StrCat(" -CA ", ca->certificate, " -CAkey ", ca->key);
  const std::string command = absl::StrCat(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
      "-addext subjectAltName=DNS:localhost -keyout ",
      base, ".key -out ", base, ".crt", signer, " 2> /dev/null");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return {base + ".key", base + ".crt"};
}

class SecurityTest : public FrontTest {
 protected:
  void WriteTokens(const std::string& text) {
    options_.token_file = absl::StrCat(testing::TempDir(), "security_test_tokens_", ::getpid());
    std::ofstream(options_.token_file) << text;
  }
  absl::StatusCode GenerateAs(const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    return static_cast<absl::StatusCode>(
        ReadAll(stub_->Generate(&context, Prompt("token"))).status.error_code());
  }
  // A stub that speaks TLS with the front.
  std::unique_ptr<v1::InferenceService::Stub> TlsStub(const std::string& roots, const Identity* own) {
    const std::string address = front_->grpc_address();
    const std::string port = address.substr(address.rfind(':'));
    return v1::InferenceService::NewStub(grpc::CreateChannel(
        "localhost" + port, grpc::SslCredentials({ReadFile(roots), own == nullptr ? "" : ReadFile(own->key),
                                                  own == nullptr ? "" : ReadFile(own->certificate)})));
  }
  grpc::Status ListModels(v1::InferenceService::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kLong));
    v1::ListModelsResponse response;
    return stub.ListModels(&context, {}, &response);
  }
  const NewToken web_ = MakeToken("web");
  const NewToken ops_ = MakeToken("ops");
};

// https://github.com/vllm-project/vllm/issues/18892
TEST_F(SecurityTest, WantsATokenForEveryRpc) {
  WriteTokens(web_.line + "\n");
  StartReady();
  EXPECT_EQ(GenerateAs(""), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(GenerateAs(ops_.token), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(GenerateAs(web_.token), absl::StatusCode::kOk);
  const auto code = [](const grpc::Status& status) { return status.error_code(); };
  const auto kDenied = grpc::StatusCode::UNAUTHENTICATED;
  {
    grpc::ClientContext context;
    v1::EmbedResponse response;
    EXPECT_EQ(code(stub_->Embed(&context, {}, &response)), kDenied);
  }
  {
    grpc::ClientContext context;
    v1::TokenizeResponse response;
    EXPECT_EQ(code(stub_->Tokenize(&context, {}, &response)), kDenied);
  }
  {
    grpc::ClientContext context;
    v1::DetokenizeResponse response;
    EXPECT_EQ(code(stub_->Detokenize(&context, {}, &response)), kDenied);
  }
  {
    grpc::ClientContext context;
    v1::Model response;
    EXPECT_EQ(code(stub_->GetModel(&context, {}, &response)), kDenied);
  }
  EXPECT_EQ(code(ListModels(*stub_)), kDenied);
}

TEST_F(SecurityTest, AnAnswerIsFoundByItsCallerAndNobodyElse) {
  WriteTokens(web_.line + "\n" + ops_.line + "\n");
  StartReady();
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + web_.token);
  v1::GenerateRequest request = Prompt("say:a");
  request.set_resumable(true);
  const Answer answer = ReadAll(stub_->Generate(&context, request));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  v1::ResumeRequest again;
  again.set_request_id(answer.events.front().started().request_id());
  const auto resume_as = [&](const std::string& authorization) {
    grpc::ClientContext resume;
    resume.AddMetadata("authorization", authorization);
    return ReadAll(stub_->Resume(&resume, again)).status.error_code();
  };
  EXPECT_EQ(resume_as("Bearer " + ops_.token), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(resume_as(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(resume_as("Bearer " + web_.token), grpc::StatusCode::OK);
}

TEST_F(SecurityTest, LetsAdministratorsAdministrate) {
  WriteTokens(web_.line + "\n" + ops_.line + " admin\n");
  options_.admin_address = "127.0.0.1:0";
  StartReady();
  const auto admin = v1::AdminService::NewStub(
      grpc::CreateChannel(front_->admin_address(), grpc::InsecureChannelCredentials()));
  const auto list = [&](const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::ListAdaptersResponse response;
    return admin->ListAdapters(&context, {}, &response).error_code();
  };
  EXPECT_EQ(list(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(list(web_.token), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(list(ops_.token), grpc::StatusCode::OK);
}

TEST_F(SecurityTest, ServesTls) {
  const Identity server = MakeIdentity("server");
  options_.tls = {.certificate = server.certificate, .key = server.key};
  StartReady();
  EXPECT_TRUE(ListModels(*TlsStub(server.certificate, nullptr)).ok());
  EXPECT_FALSE(ListModels(*stub_).ok()) << "answered without TLS";
  const Identity other = MakeIdentity("other");
  EXPECT_FALSE(ListModels(*TlsStub(other.certificate, nullptr)).ok()) << "any certificate will do";
}

TEST_F(SecurityTest, WantsClientsCertificatesIfTold) {
  const Identity server = MakeIdentity("server");
  const Identity clients = MakeIdentity("clients");
  const Identity stranger = MakeIdentity("stranger");
  options_.tls = {.certificate = server.certificate, .key = server.key, .client_ca = clients.certificate};
  StartReady();
  EXPECT_TRUE(ListModels(*TlsStub(server.certificate, &clients)).ok());
  EXPECT_FALSE(ListModels(*TlsStub(server.certificate, nullptr)).ok());
  EXPECT_FALSE(ListModels(*TlsStub(server.certificate, &stranger)).ok());
}

TEST(ServerCredentialsTest, SaysWhatIsWrongWithTheFiles) {
  const Identity one = MakeIdentity("one");
  const Identity two = MakeIdentity("two");
  const std::pair<TlsOptions, std::string> kWrong[] = {
      {{.certificate = "/nowhere", .key = one.key}, "/nowhere: cannot be opened"},
      {{.certificate = one.certificate}, "wants --tls-key"},
      {{.certificate = one.key, .key = one.key}, "a certificate in PEM was wanted"},
      {{.certificate = one.certificate, .key = one.certificate}, "a private key in PEM"},
      {{.certificate = one.certificate, .key = two.key}, "is not the key of"},
      {{.key = one.key}, "want --tls-cert"}};
  for (const auto& [options, problem] : kWrong) {
    const absl::Status status = MakeServerCredentials(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(problem), absl::string_view::npos) << status;
  }
}

TEST(ExposureTest, ServesOtherMachinesOnlyIfCallersAreKnown) {
  for (const char* local : {"127.0.0.1:1", "127.1.2.3:0", "localhost:5", "[::1]:5", "unix:/run/x"}) {
    EXPECT_TRUE(CheckExposure("--listen", local, false).ok()) << local;
  }
  for (const char* open : {"0.0.0.0:1", "[::]:1", "10.0.0.1:50051", "example.org:1"}) {
    EXPECT_EQ(CheckExposure("--listen", open, false).code(), absl::StatusCode::kFailedPrecondition) << open;
    EXPECT_TRUE(CheckExposure("--listen", open, true).ok());
  }
}

}  // namespace
}  // namespace bitnet

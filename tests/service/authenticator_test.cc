#include "service/security/authenticator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/service/fake_clock.h"

namespace bitnet {
namespace {

class AuthenticatorTest : public testing::Test {
 protected:
  void Write(const std::string& text) {
    std::ofstream(path_) << text;
    // Two writes may fall into one tick of the file system's clock.
    written_ += std::chrono::seconds(5);
    std::filesystem::last_write_time(path_, written_);
  }
  void Start(const std::string& text) {
    Write(text);
    auto authenticator = Authenticator::FromFile(path_, &clock_);
    ASSERT_TRUE(authenticator.ok()) << authenticator.status();
    authenticator_ = *std::move(authenticator);
  }
  absl::StatusCode CodeOf(const std::string& authorization) {
    return authenticator_->Admit(authorization).status().code();
  }

  const std::string path_ = absl::StrCat(testing::TempDir(), "authenticator_test_", ::getpid());
  std::filesystem::file_time_type written_ = std::filesystem::file_time_type::clock::now();
  const NewToken web_ = MakeToken("web");
  const NewToken ops_ = MakeToken("ops");
  FakeClock clock_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, LetsEverybodyInWithoutAFile) {
  Authenticator everybody;
  EXPECT_TRUE(everybody.Admit("").ok());
  EXPECT_TRUE(everybody.CheckAdmin("").ok());
}

TEST_F(AuthenticatorTest, WantsABearerTokenThatItKnows) {
  Start(web_.line + "\n");
  EXPECT_EQ(CodeOf(""), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(web_.token), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf("Basic " + web_.token), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf("Bearer " + ops_.token), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf("bearer " + web_.token), absl::StatusCode::kOk);
}

TEST_F(AuthenticatorTest, TellsNobodysTokenToNobody) {
  Start(web_.line + "\n");
  EXPECT_EQ(authenticator_->Admit("Bearer " + ops_.token).status().message().find(ops_.token),
            absl::string_view::npos);
}

TEST_F(AuthenticatorTest, BoundsTheRequestsOfACaller) {
  Start(web_.line + " max-requests=2\n" + ops_.line + "\n");
  auto first = authenticator_->Admit("Bearer " + web_.token);
  auto second = authenticator_->Admit("Bearer " + web_.token);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf("Bearer " + ops_.token), absl::StatusCode::kOk);
  EXPECT_TRUE(authenticator_->Identify("Bearer " + web_.token).ok()) << "to be known is no request";
  *first = Authenticator::Admitted();
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kOk);
}

TEST_F(AuthenticatorTest, KnowsAdministrators) {
  Start(web_.line + "\n" + ops_.line + " admin\n");
  EXPECT_EQ(authenticator_->CheckAdmin("Bearer " + web_.token).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(authenticator_->CheckAdmin("Bearer " + ops_.token).ok());
}

TEST_F(AuthenticatorTest, ReadsAChangedFileAgain) {
  Start(web_.line + "\n");
  Write(ops_.line + "\n");
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kOk) << "looked at before a second was over";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf("Bearer " + ops_.token), absl::StatusCode::kOk);
}

TEST_F(AuthenticatorTest, KeepsWhatItHadWhereTheFileIsDamaged) {
  Start(web_.line + "\n");
  Write("web sha256:12\n");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf("Bearer " + web_.token), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace bitnet

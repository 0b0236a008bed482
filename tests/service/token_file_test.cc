#include "service/security/token_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

// SHA-256 of "secret", as sha256sum says.
constexpr char kSecret[] = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

absl::StatusOr<std::vector<Caller>> Read(const std::string& text) {
  const std::string path = absl::StrCat(testing::TempDir(), "token_file_test_", ::getpid());
  std::ofstream(path) << text;
  return ReadTokenFile(path);
}

TEST(TokenFileTest, ReadsCallersAndWhatTheyMay) {
  const auto callers =
      Read(absl::StrCat("# callers\n\nweb ", kSecret, " priority=normal max-requests=3\n  ops\t", kSecret,
                        " admin # the boss\n"));
  ASSERT_TRUE(callers.ok()) << callers.status();
  ASSERT_EQ(callers->size(), 2u);
  EXPECT_EQ((*callers)[0].name, "web");
  EXPECT_EQ((*callers)[0].most_important, v1::PRIORITY_NORMAL);
  EXPECT_EQ((*callers)[0].max_requests, 3);
  EXPECT_FALSE((*callers)[0].admin);
  EXPECT_EQ((*callers)[1].most_important, v1::PRIORITY_INTERACTIVE);
  EXPECT_EQ((*callers)[1].max_requests, 0);
  EXPECT_TRUE((*callers)[1].admin);
}

TEST(TokenFileTest, FindsTheCallerOfAToken) {
  const auto callers = Read(absl::StrCat("web ", kSecret, "\n"));
  ASSERT_TRUE(callers.ok());
  ASSERT_NE(FindCaller(*callers, "secret"), nullptr);
  EXPECT_EQ(FindCaller(*callers, "secret")->name, "web");
  EXPECT_EQ(FindCaller(*callers, "Secret"), nullptr);
  EXPECT_EQ(FindCaller(*callers, ""), nullptr);
}

TEST(TokenFileTest, SaysWhichLineIsWrongAndWhy) {
  const std::pair<std::string, std::string> kWrong[] = {
      {"web\n", "line 1: NAME sha256:HEX was wanted"},
      {"\nweb secret\n", "line 2: NAME sha256:HEX was wanted"},
      {"web sha256:12\n", "64 hexadecimal digits"},
      {absl::StrCat("web ", kSecret, " priority=high\n"), "background, normal or interactive"},
      {absl::StrCat("web ", kSecret, " max-requests=0\n"), "a number from 1"},
      {absl::StrCat("web ", kSecret, " root\n"), "'root' is none of"},
      {"# nobody\n", "names nobody"}};
  for (const auto& [text, problem] : kWrong) {
    const absl::Status status = Read(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(status.message().find(problem), absl::string_view::npos) << status;
  }
  EXPECT_EQ(ReadTokenFile("/nowhere/tokens").status().code(), absl::StatusCode::kNotFound);
}

TEST(TokenFileTest, MakesTokensThatItsLinesKnow) {
  const NewToken one = MakeToken("web");
  const NewToken other = MakeToken("web");
  EXPECT_NE(one.token, other.token);
  const auto callers = Read(one.line + "\n");
  ASSERT_TRUE(callers.ok()) << callers.status();
  EXPECT_NE(FindCaller(*callers, one.token), nullptr);
  EXPECT_EQ(FindCaller(*callers, other.token), nullptr);
}

}  // namespace
}  // namespace bitnet

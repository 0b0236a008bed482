#include "base/file_identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

class FileIdentityTest : public testing::Test {
 protected:
  FileIdentityTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~FileIdentityTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::trunc) << text;
    return path;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / absl::StrCat("file_identity_test-", getpid());
};

TEST_F(FileIdentityTest, StaysAsLongAsTheFileDoes) {
  const std::string path = Write("a", "text");
  const auto first = FileIdentity(path);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->size(), 16u);
  EXPECT_EQ(*FileIdentity(path), *first);
  std::filesystem::rename(path, folder_ / "b");
  EXPECT_EQ(*FileIdentity((folder_ / "b").string()), *first) << "a name is not the file";
}

TEST_F(FileIdentityTest, ChangesWithWhatIsWritten) {
  const std::string path = Write("a", "text");
  const std::string first = *FileIdentity(path);
  std::filesystem::last_write_time(path,
                                   std::filesystem::last_write_time(path) + std::chrono::nanoseconds(1));
  const std::string touched = *FileIdentity(path);
  EXPECT_NE(touched, first);
  Write("a", "longer text");
  EXPECT_NE(*FileIdentity(path), touched);
}

TEST_F(FileIdentityTest, ChangesWithAnotherFileInItsPlace) {
  const std::string path = Write("a", "text");
  const std::string other = Write("b", "text");
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(path));
  const std::string first = *FileIdentity(path);
  std::filesystem::rename(other, path);
  EXPECT_NE(*FileIdentity(path), first);
}

TEST_F(FileIdentityTest, IsOfAllFilesInADirectory) {
  Write("config.json", "{}");
  const std::string weights = Write("model.safetensors", "weights");
  const std::string first = *FileIdentity(folder_.string());
  EXPECT_EQ(*FileIdentity(folder_.string()), first);
  Write("model.safetensors", "other weights");
  const std::string second = *FileIdentity(folder_.string());
  EXPECT_NE(second, first);
  std::filesystem::remove(weights);
  EXPECT_NE(*FileIdentity(folder_.string()), second);
}

TEST_F(FileIdentityTest, SaysWhatIsNotThere) {
  const absl::Status status = FileIdentity((folder_ / "none").string()).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_NE(status.message().find("none cannot be looked at"), std::string::npos) << status;
}

}  // namespace
}  // namespace bitnet

#include "worker/unix_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/worker/temp_dir.h"

namespace bitnet {
namespace {

// A bound socket that listens until it is destroyed; its file stays.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }
  ~Listener() { close(fd_); }

 private:
  const int fd_;
};

TEST(PrepareSocketPathTest, AcceptsANewPath) {
  const TempDir directory;
  EXPECT_TRUE(PrepareSocketPath(directory / "w.sock").ok());
}

TEST(PrepareSocketPathTest, RemovesASocketThatNobodyListensOn) {
  const TempDir directory;
  const std::string path = directory / "w.sock";
  { const Listener dead(path); }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(PrepareSocketPath(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PrepareSocketPathTest, KeepsASocketThatSomebodyListensOn) {
  const TempDir directory;
  const std::string path = directory / "w.sock";
  const Listener alive(path);
  const absl::Status status = PrepareSocketPath(path);
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(PrepareSocketPathTest, KeepsOtherFiles) {
  const TempDir directory;
  const std::string path = directory / "precious";
  std::ofstream(path) << "data";
  EXPECT_TRUE(absl::IsAlreadyExists(PrepareSocketPath(path)));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(PrepareSocketPathTest, SaysHowLongAPathMayBe) {
  constexpr size_t kLimit = sizeof(sockaddr_un::sun_path) - 1;
  EXPECT_TRUE(PrepareSocketPath("/nowhere/" + std::string(kLimit - 9, 'x')).ok());
  const absl::Status status = PrepareSocketPath("/nowhere/" + std::string(kLimit - 8, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "wanted 1 to " + std::to_string(kLimit),
                      std::string(status.message()));
}

}  // namespace
}  // namespace bitnet

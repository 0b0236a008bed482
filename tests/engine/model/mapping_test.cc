#include "engine/model/mapping.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class MappingTest : public testing::TestWithParam<absl::StatusOr<Mapping> (*)(const std::string&)> {
 protected:
  MappingTest() { std::filesystem::create_directories(folder_); }
  ~MappingTest() override { std::filesystem::remove_all(folder_); }

  static absl::StatusOr<Mapping> Open(const std::string& path) { return GetParam()(path); }
  std::string Write(const std::string& text) const {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  const std::string folder_ = testing::TempDir() + "bitnet_mapping_test_" + std::to_string(getpid());
};

std::string Text(const Mapping& mapping) { return {mapping.bytes().begin(), mapping.bytes().end()}; }

TEST_P(MappingTest, HoldsTheBytesOfTheFile) {
  std::string text;
  while (text.size() < 100000) {
    text += std::to_string(text.size());
  }
  const absl::StatusOr<Mapping> mapping = Open(Write(text));
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(Text(*mapping), text);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(mapping->bytes().data()) % 4096, 0u);
}

TEST_P(MappingTest, TakesAnEmptyFile) {
  const absl::StatusOr<Mapping> mapping = Open(Write(""));
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_TRUE(mapping->bytes().empty());
}

TEST_P(MappingTest, StaysInPlaceWhenMoved) {
  absl::StatusOr<Mapping> first = Open(Write("abc"));
  ASSERT_TRUE(first.ok()) << first.status();
  const uint8_t* data = first->bytes().data();
  Mapping second = *std::move(first);
  EXPECT_EQ(second.bytes().data(), data);
  EXPECT_EQ(Text(second), "abc");
  second = *Open(Write("other"));
  EXPECT_EQ(Text(second), "other");
}

TEST_P(MappingTest, NamesAFileThatIsNotThere) {
  EXPECT_TRUE(IsError(Open(folder_ + "/none").status(), absl::StatusCode::kNotFound, folder_ + "/none"));
}

TEST_P(MappingTest, RefusesDirectoriesAndPipes) {
  EXPECT_TRUE(IsError(Open(folder_).status(), absl::StatusCode::kInvalidArgument, "is a directory"));
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(IsError(Open(pipe).status(), absl::StatusCode::kInvalidArgument, "is not a regular file"));
}

INSTANTIATE_TEST_SUITE_P(BothWays, MappingTest, testing::Values(&Mapping::MapFile, &Mapping::ReadFile),
                         [](const auto& info) { return info.index == 0 ? "Map" : "Read"; });

}  // namespace
}  // namespace bitnet

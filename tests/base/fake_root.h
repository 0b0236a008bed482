// A machine's /proc and /sys in a temporary directory.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bitnet {

class FakeRoot {
 public:
  FakeRoot() {
    std::string pattern = testing::TempDir() + "/root-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~FakeRoot() { std::filesystem::remove_all(path_); }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

  const std::string& path() const { return path_; }

  // All files of a machine in fixtures/, as its README says.
  void WriteFixture(const std::string& file) const {
    std::ifstream fixture(file);
    EXPECT_TRUE(fixture.is_open()) << file;
    for (std::string line; std::getline(fixture, line);) {
      const size_t blank = line.find(' ');
      Write(line.substr(0, blank), line.substr(blank + 1));
    }
  }

  void Remove(const std::string& path) const { std::filesystem::remove_all(path_ + path); }

  // `path` begins with a slash. A file that is there stays the same one, as in sysfs.
  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = path_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << "\n";
  }

 private:
  std::string path_;
};

}  // namespace bitnet

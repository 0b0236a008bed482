// A directory with files that a test writes.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "base/status_macros.h"
#include "engine/huggingface/tokenizer/read_tokenizer.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// Empty at first, and removed afterwards.
class ModelDirectory {
 public:
  ModelDirectory()
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string("tokenizer_") + testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ModelDirectory() { std::filesystem::remove_all(path_); }
  ModelDirectory(const ModelDirectory&) = delete;
  ModelDirectory& operator=(const ModelDirectory&) = delete;

  std::string path() const { return path_.string(); }
  ModelDirectory& Write(std::string_view name, std::string_view contents) {
    std::ofstream(path_ / name, std::ios::binary) << contents;
    return *this;
  }

 private:
  std::filesystem::path path_;
};

inline absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const ModelDirectory& directory,
                                                                size_t vocab_size) {
  ModelKeys keys;
  RETURN_IF_ERROR(ReadHfTokenizer(directory.path(), vocab_size, keys));
  return Tokenizer::FromGguf(*ModelFile::FromParts(directory.path(), std::move(keys), {}, {}));
}

}  // namespace bitnet

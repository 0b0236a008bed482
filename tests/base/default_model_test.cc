#include "base/default_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

constexpr const char* kFile = "lighthouse-1.58b-6m.gguf";

class DefaultModelTest : public testing::Test {
 protected:
  DefaultModelTest() { std::filesystem::create_directories(root_ / "build/dev/bin"); }
  ~DefaultModelTest() override { std::filesystem::remove_all(root_); }

  std::string AddModel(const std::string& folder) const {
    std::filesystem::create_directories(root_ / folder);
    const std::filesystem::path path = root_ / folder / kFile;
    std::ofstream(path) << "x";
    return path.string();
  }

  const std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / ("bitnet_default_model_test_" + std::to_string(getpid()));
  const std::filesystem::path program_ = root_ / "build/dev/bin/bitnet-infer";
};

TEST_F(DefaultModelTest, TakesTheEnvironmentsWord) {
  AddModel("models");
  EXPECT_EQ(*FindDefaultModel("/no/such/file", program_), "/no/such/file");
  EXPECT_NE(*FindDefaultModel("", program_), "");
}

TEST_F(DefaultModelTest, LooksAboveTheProgram) {
  const std::string path = AddModel("models");
  EXPECT_EQ(*FindDefaultModel(nullptr, program_), path);
}

TEST_F(DefaultModelTest, PrefersWhatIsInstalled) {
  AddModel("models");
  const std::string path = AddModel("build/dev/share/bitnet/models");
  EXPECT_EQ(*FindDefaultModel(nullptr, program_), path);
}

TEST_F(DefaultModelTest, ListsWhatItTried) {
  const absl::Status status = FindDefaultModel(nullptr, program_).status();
  EXPECT_TRUE(IsError(status, absl::StatusCode::kNotFound,
                      (root_ / "build/dev/share/bitnet/models" / kFile).string()));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kNotFound, (root_ / "models" / kFile).string()));
  EXPECT_TRUE(IsError(status, absl::StatusCode::kNotFound, "--model PATH"));
  EXPECT_FALSE(FindDefaultModel(nullptr, "").ok());
}

TEST_F(DefaultModelTest, KnowsWhereTheProgramIs) {
  EXPECT_EQ(ProgramPath().filename().string().substr(0, 9), "base_test");
}

}  // namespace
}  // namespace bitnet

#include "engine/model/gguf_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "tests/engine/gguf_writer.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

using Bytes = std::vector<uint8_t>;

class GgufWriterTest : public testing::Test {
 protected:
  GgufWriterTest() {
    std::string folder = testing::TempDir() + "bitnet_gguf_writer_XXXXXX";
    folder_ = ::mkdtemp(folder.data());
    path_ = folder_ + "/model.gguf";
  }
  ~GgufWriterTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  Bytes FileBytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::string folder_;
  std::string path_;
};

ModelKeys SmallKeys() {
  return {{"general.architecture", std::string("llama")},
          {"a.u32", uint64_t{4000000000}},
          {"a.u64", uint64_t{1} << 40},
          {"b.i32", int64_t{-5}},
          {"b.i64", -(int64_t{1} << 40)},
          {"b.small", int64_t{7}},
          {"c.f32", 0.5},
          {"c.f64", 1e300},
          {"d.bool", true},
          {"e.strings", std::vector<std::string>{"x", "", std::string("\0y", 2)}},
          {"f.ints", std::vector<int64_t>{1, -2}},
          {"f.wide", std::vector<int64_t>{1, int64_t{1} << 40}},
          {"g.floats", std::vector<double>{0.25, -1}},
          {"g.wide", std::vector<double>{0.25, -1e300}},
          {"h.none", std::vector<std::string>{}}};
}

std::vector<GgufTensorPlan> SmallTensors() {
  return {{"first", GgmlType::kF32, {3}, 12},
          {"second", GgmlType::kI2S, {128, 2}, 96},
          {"third", GgmlType::kQ8_0, {32, 3}, 102},
          {"fourth", GgmlType::kF16, {1}, 2}};
}

Bytes Filled(size_t count, uint8_t value) { return Bytes(count, value); }

TEST_F(GgufWriterTest, WritesTheBytesThatTheFormatPrescribes) {
  const auto writer = GgufFileWriter::Create(path_, SmallKeys(), SmallTensors());
  ASSERT_TRUE(writer.ok()) << writer.status();
  uint8_t value = 1;
  for (const GgufTensorPlan& tensor : SmallTensors()) {
    ASSERT_TRUE((*writer)->Append(Filled(tensor.bytes, value++)).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());

  GgufWriter reference;
  reference.Uint32("a.u32", 4000000000)
      .Uint64("a.u64", uint64_t{1} << 40)
      .Int32("b.i32", -5)
      .Scalar<int64_t>("b.i64", GgufWriter::kInt64, -(int64_t{1} << 40))
      .Uint32("b.small", 7)
      .Float32("c.f32", 0.5f)
      .Float64("c.f64", 1e300)
      .Bool("d.bool", true)
      .Strings("e.strings", {"x", "", std::string("\0y", 2)})
      .Int32s("f.ints", {1, -2})
      .Array<int64_t>("f.wide", GgufWriter::kInt64, {1, int64_t{1} << 40})
      .Float32s("g.floats", {0.25f, -1})
      .Array<double>("g.wide", GgufWriter::kFloat64, {0.25, -1e300})
      .String("general.architecture", "llama")
      .Strings("h.none", {})
      .Tensor("first", GgmlType::kF32, {3}, Filled(12, 1))
      .Tensor("second", GgmlType::kI2S, {128, 2}, Filled(96, 2))
      .Tensor("third", GgmlType::kQ8_0, {32, 3}, Filled(102, 3))
      .Tensor("fourth", GgmlType::kF16, {1}, Filled(2, 4));
  Bytes wanted = reference.Finish();
  wanted.resize((wanted.size() + 31) / 32 * 32);
  EXPECT_EQ(FileBytes(), wanted);
  EXPECT_EQ(Files(), std::vector<std::string>{"model.gguf"});
}

TEST_F(GgufWriterTest, WritesWhatIsReadBack) {
  for (const uint64_t alignment : {32, 64, 16384}) {
    ModelKeys keys = SmallKeys();
    keys["general.alignment"] = uint64_t{128};  // Of the file it came from.
    const auto writer =
        GgufFileWriter::Create(path_, keys, SmallTensors(), {.alignment = alignment, .overwrite = true});
    ASSERT_TRUE(writer.ok()) << writer.status();
    for (const GgufTensorPlan& tensor : SmallTensors()) {
      for (uint64_t i = 0; i < tensor.bytes; ++i) {  // In the smallest pieces.
        ASSERT_TRUE((*writer)->Append(Filled(1, static_cast<uint8_t>(i))).ok());
      }
    }
    ASSERT_TRUE((*writer)->Finish().ok());
    const auto file = ModelFile::Open(path_, FileAccess::kMap);
    ASSERT_TRUE(file.ok()) << file.status();
    keys.erase("general.alignment");
    if (alignment != 32) {
      keys["general.alignment"] = alignment;
    }
    keys["b.small"] = uint64_t{7};
    EXPECT_EQ((*file)->keys(), keys);
    ASSERT_EQ((*file)->tensors().size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      const ModelTensor& tensor = (*file)->tensors()[i];
      EXPECT_EQ(tensor.name, SmallTensors()[i].name);
      EXPECT_EQ(tensor.type, SmallTensors()[i].type);
      EXPECT_EQ(tensor.dims, SmallTensors()[i].dims);
      ASSERT_EQ(tensor.data.size(), SmallTensors()[i].bytes);
      EXPECT_EQ(tensor.data.back(), static_cast<uint8_t>(tensor.data.size() - 1));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data.data()) % std::min<uint64_t>(alignment, 4096), 0u);
    }
  }
}

TEST_F(GgufWriterTest, KeepsAFileThatIsThere) {
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(IsError(GgufFileWriter::Create(path_, {}, {}).status(), absl::StatusCode::kAlreadyExists,
                      "model.gguf exists"));
  std::filesystem::remove(path_);
  const auto writer = GgufFileWriter::Create(path_, {}, {});
  ASSERT_TRUE(writer.ok()) << writer.status();
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(
      IsError((*writer)->Finish(), absl::StatusCode::kAlreadyExists, "exists now, and did not before"));
  EXPECT_EQ(FileBytes().size(), 8u);
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(GgufWriterTest, ReplacesAFileOnlyWhenItsOwnIsWhole) {
  std::ofstream(path_) << "old";
  {
    const auto writer =
        GgufFileWriter::Create(path_, {}, SmallTensors(), {.alignment = 32, .overwrite = true});
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Append(Filled(12, 1)).ok());
    EXPECT_EQ(Files().size(), 2u);
  }
  EXPECT_EQ(Files().size(), 1u);
  EXPECT_EQ(FileBytes().size(), 3u);
  const auto writer = GgufFileWriter::Create(path_, {}, {}, {.alignment = 32, .overwrite = true});
  ASSERT_TRUE((*writer)->Finish().ok());
  EXPECT_TRUE(ModelFile::Open(path_, FileAccess::kRead).ok());
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(GgufWriterTest, RefusesDataThatIsNotTheTensors) {
  const auto writer = GgufFileWriter::Create(path_, {}, SmallTensors());
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append(Filled(10, 1)).ok());
  EXPECT_TRUE(IsError((*writer)->Append(Filled(3, 1)), absl::StatusCode::kInvalidArgument,
                      "model.gguf: 3 bytes were given where tensor 'first' has 2 left"));
  EXPECT_TRUE(IsError((*writer)->Finish(), absl::StatusCode::kInvalidArgument,
                      "model.gguf: tensor 'first' has 10 of 12 bytes"));
  ASSERT_TRUE((*writer)->Append(Filled(2, 1)).ok());
  ASSERT_TRUE((*writer)->Append(Filled(96, 1)).ok());
  ASSERT_TRUE((*writer)->Append(Filled(102, 1)).ok());
  ASSERT_TRUE((*writer)->Append(Filled(2, 1)).ok());
  EXPECT_TRUE(IsError((*writer)->Append(Filled(1, 1)), absl::StatusCode::kInvalidArgument,
                      "where tensor none has 0"));
  EXPECT_TRUE((*writer)->Finish().ok());
  EXPECT_TRUE(
      IsError((*writer)->Finish(), absl::StatusCode::kFailedPrecondition, "after an error or the end"));
}

TEST_F(GgufWriterTest, RefusesWhatNoReaderWouldTake) {
  const auto expect = [&](const ModelKeys& keys, const std::vector<GgufTensorPlan>& tensors,
                          uint64_t alignment, const std::string& message) {
    EXPECT_TRUE(IsError(GgufFileWriter::Create(path_, keys, tensors, {.alignment = alignment}).status(),
                        absl::StatusCode::kInvalidArgument, message));
  };
  expect({}, {}, 48, "the alignment is 48; a power of two from 8");
  expect({}, {}, 4, "the alignment is 4");
  expect({{"", true}}, {}, 32, "a key has 0 bytes");
  expect({{std::string(65536, 'k'), true}}, {}, 32, "a key has 65536 bytes");
  expect({}, {{"", GgmlType::kF32, {1}, 4}}, 32, "tensor '' has a name of 0 bytes; 1 to 63");
  expect({}, {{std::string(64, 't'), GgmlType::kF32, {1}, 4}}, 32, "has a name of 64 bytes");
  expect({}, {{"t", GgmlType::kF32, {}, 4}}, 32, "tensor 't' has 0 dimensions");
  expect({}, {{"t", GgmlType::kF32, {1, 1, 1, 1, 1}, 4}}, 32, "tensor 't' has 5 dimensions");
  expect({}, {{"t", GgmlType::kF32, {1, 0}, 4}}, 32, "none of them 0");
  expect({}, {{"t", GgmlType::kF32, {uint64_t{1} << 40, uint64_t{1} << 40}, 4}}, 32, "larger than any file");
  expect({}, {{"t", GgmlType::kHfTernary, {4, 4}, 4}}, 32,
         "tensor 't': a GGUF file has no type Hugging Face ternary");
  expect({}, {{"t", GgmlType::kF32, {2}, 4}}, 32,
         "tensor 't': 4 bytes are not 1 rows of 2 weights of type F32");
  expect({}, {{"t", GgmlType::kTQ2_0, {128, 2}, 66}}, 32,
         "66 bytes are not 2 rows of 128 weights of type TQ2_0");
  expect({}, {{"t", GgmlType::kF32, {1}, 4}, {"t", GgmlType::kF32, {1}, 4}}, 32, "there are two tensors 't'");
  EXPECT_TRUE(Files().empty());
}

TEST_F(GgufWriterTest, SaysWhatTheSystemSays) {
  EXPECT_TRUE(IsError(GgufFileWriter::Create(folder_ + "/none/model.gguf", {}, {}).status(),
                      absl::StatusCode::kNotFound, "/none/model.gguf: cannot create a file beside it"));
}

TEST_F(GgufWriterTest, LeavesNothingBehindWhenTheDiskIsFull) {
  // A limit on the size of files is the nearest thing to a full disk. Its signal would end the process.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto writer = GgufFileWriter::Create(path_, {}, {{"t", GgmlType::kF32, {1 << 20}, 4 << 20}});
  ASSERT_TRUE(writer.ok()) << writer.status();
  const rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = (*writer)->Append(Filled(4 << 20, 1));
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("model.gguf: cannot write"), std::string::npos) << status;
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(IsError((*writer)->Finish(), absl::StatusCode::kFailedPrecondition, "after an error"));
}

TEST_F(GgufWriterTest, GivesTheFileTheUsersPermissions) {
  const mode_t mask = ::umask(027);
  const auto writer = GgufFileWriter::Create(path_, {}, {});
  ::umask(mask);
  ASSERT_TRUE((*writer)->Finish().ok());
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

}  // namespace
}  // namespace bitnet

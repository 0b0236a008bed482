#include "engine/huggingface/open_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/formats/row_decoder.h"
#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

const std::string kLighthouse = BITNET_LIGHTHOUSE_DIRECTORY;

// A directory with the embedded model's tokenizer and a configuration to go with it.
class OpenModelTest : public testing::Test {
 protected:
  OpenModelTest() {
    for (const char* name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"}) {
      std::filesystem::copy_file(kLighthouse + "/" + name, directory_.File(name));
    }
    WriteConfig(config_);
  }

  static nlohmann::json LlamaConfig() {
    nlohmann::json json = SmallConfig("LlamaForCausalLM", "silu");
    json["vocab_size"] = 4096;
    return json;
  }
  void WriteConfig(const nlohmann::json& json) const { directory_.Write("config.json", json); }
  absl::StatusOr<std::unique_ptr<ModelFile>> Open(FileAccess access = FileAccess::kMap) const {
    return OpenModel(directory_.path(), access);
  }

  nlohmann::json config_ = LlamaConfig();
  TemporaryDirectory directory_;
};

SafetensorsWriter Norms(const std::string& name) {
  SafetensorsWriter writer;
  writer.Floats(name, {2}, {1, 2});
  return writer;
}

// The vocabulary has to have an embedding, though a narrow one.
SafetensorsWriter WithEmbedding(SafetensorsWriter writer) {
  writer.Floats("model.embed_tokens.weight", {4096, 1}, std::vector<float>(4096));
  return writer;
}

TEST_F(OpenModelTest, OpensOneFile) {
  directory_.Write("model.safetensors", WithEmbedding(Norms("model.norm.weight")).Finish());
  for (const FileAccess access : {FileAccess::kMap, FileAccess::kRead}) {
    const auto file = Open(access);
    ASSERT_TRUE(file.ok()) << file.status();
    const auto norm = (*file)->GetTensor("output_norm.weight");
    ASSERT_TRUE(norm.ok()) << norm.status();
    float values[2];
    std::memcpy(values, (*norm)->data.data(), sizeof(values));
    EXPECT_EQ(values[1], 2);
    EXPECT_EQ(*(*file)->GetString("general.architecture"), "llama");
    EXPECT_EQ((*file)->file_bytes(), std::filesystem::file_size(directory_.File("model.safetensors")));
  }
}

TEST_F(OpenModelTest, OpensShards) {
  directory_.Write("a.safetensors", Norms("model.norm.weight").Finish());
  directory_.Write("b.safetensors", WithEmbedding(Norms("model.layers.1.input_layernorm.weight")).Finish());
  directory_.Write("model.safetensors.index.json",
                   nlohmann::json{{"metadata", {{"total_size", 16}}},
                                  {"weight_map",
                                   {{"model.norm.weight", "a.safetensors"},
                                    {"model.embed_tokens.weight", "b.safetensors"},
                                    {"model.layers.1.input_layernorm.weight", "b.safetensors"}}}});
  const auto file = Open();
  ASSERT_TRUE(file.ok()) << file.status();
  std::set<std::string> names;
  for (const ModelTensor& tensor : (*file)->tensors()) names.insert(tensor.name);
  EXPECT_EQ(names,
            (std::set<std::string>{"token_embd.weight", "blk.1.attn_norm.weight", "output_norm.weight"}));
}

TEST_F(OpenModelTest, AddsTheFrequenciesOfLlama3AsATensor) {
  config_["rope_scaling"] = {
      {"rope_type", "llama3"}, {"factor", 8}, {"original_max_position_embeddings", 8192}};
  WriteConfig(config_);
  directory_.Write("model.safetensors", WithEmbedding(Norms("model.norm.weight")).Finish());
  const auto file = Open();
  ASSERT_TRUE(file.ok()) << file.status();
  const auto factors = (*file)->GetTensor("rope_freqs.weight");
  ASSERT_TRUE(factors.ok()) << factors.status();
  EXPECT_EQ((*factors)->dims, std::vector<uint64_t>{16});
  std::vector<float> values(16);
  ASSERT_TRUE(RowDecoder::Create(**factors)->Floats(0, values.data()));
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[15], 8);
}

TEST_F(OpenModelTest, SaysWhatADirectoryLacks) {
  EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kNotFound, "neither model.safetensors nor"));
  directory_.Write("model.safetensors", Norms("model.norm.weight").Finish());
  std::filesystem::remove(directory_.File("config.json"));
  EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kNotFound, "config.json"));
  EXPECT_TRUE(IsError(OpenModel("/nowhere/at/all", FileAccess::kMap).status(), absl::StatusCode::kNotFound,
                      "/nowhere"));
}

TEST_F(OpenModelTest, NamesDirectoryAndTensor) {
  directory_.Write("model.safetensors", Norms("model.what").Finish());
  EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kUnimplemented, directory_.path()));
  EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kUnimplemented, "'model.what'"));
}

// Two thousand million tokens would take a hundred gigabytes.
TEST_F(OpenModelTest, RefusesAVocabularyThatIsNotTheEmbeddings) {
  for (const int64_t size : {int64_t{1} << 31, int64_t{4097}, int64_t{4095}}) {
    config_["vocab_size"] = size;
    WriteConfig(config_);
    directory_.Write("model.safetensors", WithEmbedding(Norms("model.norm.weight")).Finish());
    EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kDataLoss,
                        "config.json: vocab_size is " + std::to_string(size) +
                            "; the 4096 rows of tensor 'model.embed_tokens.weight' were wanted"));
    directory_.Write("model.safetensors", Norms("model.norm.weight").Finish());
    EXPECT_TRUE(IsError(Open().status(), absl::StatusCode::kDataLoss,
                        "but tensor 'model.embed_tokens.weight' is missing"));
  }
}

TEST_F(OpenModelTest, RefusesAnIndexThatLies) {
  directory_.Write("a.safetensors", Norms("model.norm.weight").Finish());
  directory_.Write("b.safetensors", Norms("model.norm.weight").Finish());
  struct Case {
    nlohmann::json map;
    absl::StatusCode code;
    const char* complaint;
  };
  const std::vector<Case> cases = {
      {{{"lm_head.weight", "a.safetensors"}}, absl::StatusCode::kDataLoss, "lacks tensor 'lm_head.weight'"},
      {{{"x", "a.safetensors"}, {"y", "b.safetensors"}}, absl::StatusCode::kDataLoss, "tensor 'x'"},
      {{{"model.norm.weight", "a.safetensors"}, {"y", "b.safetensors"}},
       absl::StatusCode::kDataLoss,
       "is also in a.safetensors"},
      {{{"x", "c.safetensors"}}, absl::StatusCode::kNotFound, "c.safetensors"},
      {{{"x", "../a.safetensors"}}, absl::StatusCode::kDataLoss, "beside the index"},
      {{{"x", "/etc/passwd"}}, absl::StatusCode::kDataLoss, "beside the index"},
      {{{"x", 3}}, absl::StatusCode::kDataLoss, "'x'"},
      {nlohmann::json::object(), absl::StatusCode::kDataLoss, "weight_map"},
  };
  for (const Case& c : cases) {
    directory_.Write("model.safetensors.index.json", nlohmann::json{{"weight_map", c.map}});
    EXPECT_TRUE(IsError(Open().status(), c.code, c.complaint));
  }
}

// The embedded model comes as a GGUF file and as a directory, written by one program from one checkpoint.
class LighthouseTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = OpenModel(kLighthouse, FileAccess::kMap);
    ASSERT_TRUE(directory.ok()) << directory.status();
    directory_ = *std::move(directory);
    auto file = OpenModel(kLighthouse + ".gguf", FileAccess::kMap);
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = *std::move(file);
  }
  std::unique_ptr<ModelFile> directory_;
  std::unique_ptr<ModelFile> file_;
};

TEST_F(LighthouseTest, DirectoryAndFileHoldTheSameWeights) {
  ASSERT_EQ(directory_->tensors().size(), file_->tensors().size());
  for (size_t i = 0; i < file_->tensors().size(); ++i) {
    const ModelTensor& ours = directory_->tensors()[i];
    const ModelTensor& theirs = file_->tensors()[i];
    ASSERT_EQ(ours.name, theirs.name);
    ASSERT_EQ(ours.dims, theirs.dims);
    const auto a = RowDecoder::Create(ours);
    const auto b = RowDecoder::Create(theirs);
    ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
    ASSERT_EQ(a->codes(), b->codes()) << ours.name;
    std::vector<float> x(a->k()), y(a->k());
    for (size_t row = 0; row < a->rows(); ++row) {
      ASSERT_TRUE(a->Floats(row, x.data()));
      ASSERT_TRUE(b->Floats(row, y.data()));
      ASSERT_EQ(x, y) << ours.name << " row " << row;
    }
  }
}

TEST_F(LighthouseTest, DirectoryAndFileHaveTheSameKeys) {
  ModelKeys ours = directory_->keys();
  ModelKeys theirs = file_->keys();
  // Said by the directory alone; by the type of the file's tensors alone; and zeros, which byte-pair encoding
  // does not ask for.
  theirs.erase("tokenizer.ggml.scores");
  EXPECT_EQ(ours.extract("bitnet.activations").mapped(), ModelValue(std::string("int8_token")));
  EXPECT_EQ(theirs.erase("general.file_type"), 1u);
  // One writes 32 bits of it, the other's JSON has more.
  const std::string epsilon = "bitnet-b1.58.attention.layer_norm_rms_epsilon";
  EXPECT_EQ(static_cast<float>(std::get<double>(ours.extract(epsilon).mapped())),
            static_cast<float>(std::get<double>(theirs.extract(epsilon).mapped())));
  for (const auto& [key, value] : theirs) {
    ASSERT_TRUE(ours.contains(key)) << key;
    EXPECT_TRUE(ours.at(key) == value) << key;
  }
  // What a directory says and the official file leaves out.
  for (const char* key : {"tokenizer.ggml.pre", "tokenizer.ggml.eos_token_ids"}) {
    EXPECT_EQ(ours.erase(key), 1u) << key;
  }
  for (const auto& [key, value] : ours) {
    EXPECT_TRUE(theirs.contains(key)) << key;
  }
}

}  // namespace
}  // namespace bitnet

// Writes Hugging Face directories: safetensors files with what a test puts into them, and configurations.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bitnet {

// Builds the bytes of a safetensors file. Header entries are in the order they were added.
class SafetensorsWriter {
 public:
  SafetensorsWriter& Tensor(const std::string& name, const std::string& dtype,
                            const std::vector<uint64_t>& shape, const std::vector<uint8_t>& data) {
    header[name] = {
        {"dtype", dtype}, {"shape", shape}, {"data_offsets", {data_.size(), data_.size() + data.size()}}};
    data_.insert(data_.end(), data.begin(), data.end());
    return *this;
  }
  // A tensor of float32 values.
  SafetensorsWriter& Floats(const std::string& name, const std::vector<uint64_t>& shape,
                            const std::vector<float>& values) {
    std::vector<uint8_t> data(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    return Tensor(name, "F32", shape, data);
  }

  std::vector<uint8_t> Finish() const { return WithHeader(header.dump()); }
  // With a header of the test's own before the data.
  std::vector<uint8_t> WithHeader(const std::string& text) const {
    const uint64_t length = text.size();
    std::vector<uint8_t> bytes(sizeof(length) + length + data_.size());
    std::memcpy(bytes.data(), &length, sizeof(length));
    std::ranges::copy(text, bytes.begin() + sizeof(length));
    std::ranges::copy(data_, bytes.end() - static_cast<ptrdiff_t>(data_.size()));
    return bytes;
  }

  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};  // Tests may damage it.

 private:
  std::vector<uint8_t> data_;
};

// A directory of its own for each object, removed with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bitnet-hf-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  void Write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    std::ofstream(File(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void Write(const std::string& name, const std::string& text) const {
    Write(name, std::vector<uint8_t>(text.begin(), text.end()));
  }
  void Write(const std::string& name, const nlohmann::json& json) const { Write(name, json.dump(2)); }

 private:
  std::string path_;
};

// A configuration of a small model: two layers, hidden 128, FFN 256, 4 heads over 2, vocabulary 8.
inline nlohmann::json SmallConfig(const std::string& architecture, const std::string& activation) {
  return {{"architectures", {architecture}},
          {"hidden_act", activation},
          {"hidden_size", 128},
          {"intermediate_size", 256},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"vocab_size", 8},
          {"max_position_embeddings", 64},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000},
          {"tie_word_embeddings", true}};
}

inline nlohmann::json BitnetQuantization(const std::string& linear_class, const std::string& mode) {
  return {{"quant_method", "bitnet"},
          {"linear_class", linear_class},
          {"quantization_mode", mode},
          {"modules_to_not_convert", nullptr}};
}

}  // namespace bitnet

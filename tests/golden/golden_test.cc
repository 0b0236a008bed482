// The engine, with unrounded keys and values, against reference.py: float32 against float64, in logits and in
// greedy continuations. What the
// tolerances in golden.json are and where they come from is written in make_golden.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "engine/engine.h"
#include "engine/evaluate.h"
#include "nlohmann/json.hpp"

namespace bitnet {
namespace {

const std::string kFolder = BITNET_SOURCE_DIR "/tests/golden/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

const nlohmann::json& Golden() {
  static const nlohmann::json golden = nlohmann::json::parse(ReadFile(kFolder + "golden.json"));
  return golden;
}

std::string ModelPath() { return BITNET_SOURCE_DIR "/models/" + Golden()["model"].get<std::string>(); }

// The CRC-32 of zlib and PNG.
uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
  }
  return ~crc;
}

// Version 1 of NumPy's .npy: magic, two bytes of version, two of header length, the header, little-endian
// data.
std::vector<float> ReadNpyOfFloats(const std::string& path) {
  const std::string bytes = ReadFile(path);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const size_t data = 10 + static_cast<uint8_t>(bytes[8]) + 256 * static_cast<uint8_t>(bytes[9]);
  EXPECT_NE(bytes.find("'descr': '<f4'"), std::string::npos);
  std::vector<float> result((bytes.size() - data) / sizeof(float));
  std::memcpy(result.data(), bytes.data() + data, result.size() * sizeof(float));
  return result;
}

double LoosestTolerance() {
  double loosest = 0;
  for (const auto& sequence : Golden()["sequences"]) {
    loosest = std::max(loosest, sequence["tolerance"].get<double>());
  }
  return loosest;
}

TEST(GoldenTest, WasMadeFromTheEmbeddedModel) {
  const std::string model = ReadFile(ModelPath());
  ASSERT_EQ(model.size(), Golden()["model_bytes"].get<size_t>());
  EXPECT_EQ(Crc32(model), Golden()["model_crc32"].get<uint32_t>())
      << "the model changed: run tests/golden/make_golden.py";
}

TEST(GoldenTest, LogitsAgreeWithDoublePrecision) {
  auto file = ModelFile::Open(ModelPath(), FileAccess::kMap);
  ASSERT_TRUE(file.ok()) << file.status();
  auto evaluator = Evaluator::Create(*std::move(file), {.kv_type = KvType::kF32});
  ASSERT_TRUE(evaluator.ok()) << evaluator.status();
  const size_t vocab_size = (*evaluator)->config().vocab_size;
  const size_t stripe = Golden()["stripe"];
  const std::vector<float> expected = ReadNpyOfFloats(kFolder + "golden_logits.npy");

  size_t compared = 0, choices = 0;
  for (const auto& sequence : Golden()["sequences"]) {
    const auto ids = sequence["ids"].get<std::vector<int32_t>>();
    const double tolerance = sequence["tolerance"];
    const auto logits = (*evaluator)->Logits(ids);
    ASSERT_TRUE(logits.ok()) << logits.status();
    ASSERT_EQ(logits->size(), ids.size() * vocab_size);
    double largest = 0;
    for (size_t p = 0; p < ids.size(); ++p) {
      const float* row = logits->data() + p * vocab_size;
      for (size_t id = p % stripe; id < vocab_size; id += stripe) {
        ASSERT_LT(compared, expected.size());
        const double difference = std::abs(static_cast<double>(row[id]) - expected[compared++]);
        ASSERT_LE(difference, tolerance) << "token " << id << " at position " << p;
        largest = std::max(largest, difference);
      }
      if (sequence["margin"][p].get<double>() > 2 * tolerance) {
        EXPECT_EQ(std::max_element(row, row + vocab_size) - row, sequence["argmax"][p].get<int64_t>())
            << "at position " << p;
        ++choices;
      }
    }
    std::cout << ids.size() << " tokens: largest difference " << largest << ", tolerance " << tolerance
              << "\n";
  }
  std::cout << compared << " logits and " << choices << " choices compared\n";
  EXPECT_EQ(compared, expected.size());
  EXPECT_GE(compared, 20000u);
  EXPECT_GE(choices, 100u);
}

// Collects one generation.
class Collector : public GenerationSink {
 public:
  void OnToken(const GeneratedToken& token) override { ids_.push_back(token.id); }
  void OnFinished(FinishReason reason, const GenerationUsage&) override {
    reason_ = reason;
    finished_.Notify();
  }
  // Returns when the generation has finished.
  const std::vector<int32_t>& ids() {
    finished_.WaitForNotification();
    return ids_;
  }
  FinishReason reason() const { return reason_; }

 private:
  std::vector<int32_t> ids_;
  FinishReason reason_ = FinishReason::kCancelled;
  absl::Notification finished_;
};

TEST(GoldenTest, ContinuesGreedilyAsTheReference) {
  const auto& continuations = Golden()["continuations"];
  ASSERT_GE(continuations.size(), 20u) << "too few certain continuations: see make_golden.py";
  auto engine = Engine::Create(ModelPath(), {.kv_type = KvType::kF32});
  ASSERT_TRUE(engine.ok()) << engine.status();

  // All at once: what is generated must not depend on what else is in the batch.
  std::vector<std::unique_ptr<Collector>> collectors;
  for (const auto& continuation : continuations) {
    for (const double margin : continuation["margins"]) {
      ASSERT_GT(margin, 2 * LoosestTolerance());
    }
    GenerationRequest request;
    request.prompt = continuation["prompt"].get<std::vector<int32_t>>();
    request.max_tokens = 32;
    collectors.push_back(std::make_unique<Collector>());
    const auto id = (*engine)->Submit(std::move(request), collectors.back().get());
    ASSERT_TRUE(id.ok()) << id.status();
  }
  size_t equal = 0;
  for (size_t i = 0; i < continuations.size(); ++i) {
    const auto expected = continuations[i]["continuation"].get<std::vector<int32_t>>();
    EXPECT_EQ(collectors[i]->ids(), expected) << continuations[i]["text"];
    EXPECT_EQ(collectors[i]->reason(),
              continuations[i]["ended"].get<bool>() ? FinishReason::kEndToken : FinishReason::kLength)
        << continuations[i]["text"];
    equal += collectors[i]->ids() == expected;
  }
  std::cout << equal << " continuations equal in full\n";
  EXPECT_GE(equal, 20u);
}

TEST(GoldenTest, TokenizesPromptsAsTheReference) {
  auto file = ModelFile::Open(ModelPath(), FileAccess::kMap);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto tokenizer = Tokenizer::FromGguf(**file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  for (const auto& continuation : Golden()["continuations"]) {
    std::vector<int32_t> ids =
        (*tokenizer)->Encode(continuation["text"].get<std::string>(), SpecialTokens::kParse);
    ids.insert(ids.begin(), (*tokenizer)->bos_id().value());
    EXPECT_EQ(ids, continuation["prompt"].get<std::vector<int32_t>>()) << continuation["text"];
  }
}

}  // namespace
}  // namespace bitnet

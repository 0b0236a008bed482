// The same logits to the last bit from every instruction set, thread count, batch and chunk size.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/evaluate.h"
#include "tests/engine/random_model.h"

namespace bitnet {
namespace {

using Sequences = std::vector<std::vector<int32_t>>;
using OpenModel = std::function<std::unique_ptr<ModelFile>()>;

std::vector<std::vector<float>> Logits(const OpenModel& open, const EvaluatorOptions& options,
                                       const Sequences& sequences) {
  const auto evaluator = Evaluator::Create(open(), options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  auto logits = (*evaluator)->BatchLogits(sequences);
  EXPECT_TRUE(logits.ok()) << logits.status();
  return *std::move(logits);
}

size_t CountDifferences(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  size_t differences = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differences += std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i]);
  }
  return differences;
}

struct Sweep {
  std::vector<int> threads;
  std::vector<size_t> batches;
  std::vector<size_t> chunks;
  KvType kv_type = KvType::kF16;
  HeadFormat head = HeadFormat::kAuto;
  bool sparsity = false;  // Not of what is compared with.
};

// Every combination on `isa` against each sequence run alone, whole, by one thread and the portable kernels.
void ExpectEqualLogits(const OpenModel& open, const Isa& isa, const Sequences& sequences,
                       const Sweep& sweep) {
  std::vector<std::vector<float>> expected;
  for (const auto& sequence : sequences) {
    const EvaluatorOptions plain = {.num_threads = 1,
                                    .cpu_features = kNoFeatures,
                                    .chunk_size = sequence.size(),
                                    .max_batch = 1,
                                    .weights = {.head = sweep.head},
                                    .kv_type = sweep.kv_type};
    expected.push_back(Logits(open, plain, {sequence})[0]);
  }
  size_t compared = 0;
  for (int threads : sweep.threads) {
    for (size_t batch : sweep.batches) {
      for (size_t chunk : sweep.chunks) {
        const Sequences some(sequences.begin(), sequences.begin() + batch);
        const auto logits = Logits(open,
                                   {.num_threads = threads,
                                    .cpu_features = isa.features,
                                    .chunk_size = chunk,
                                    .max_batch = batch,
                                    .weights = {.head = sweep.head, .sparsity = sweep.sparsity},
                                    .kv_type = sweep.kv_type},
                                   some);
        for (size_t i = 0; i < batch; ++i) {
          ASSERT_EQ(CountDifferences(logits[i], expected[i]), 0u)
              << isa.name << ", " << threads << " threads, sequence " << i << " of " << batch
              << ", chunks of " << chunk;
          compared += logits[i].size();
        }
      }
    }
  }
  std::printf("%s: %zu logits compared, all equal\n", std::string(isa.name).c_str(), compared);
}

Sequences MakeSequences(const std::vector<size_t>& lengths, size_t vocab_size) {
  Sequences sequences;
  for (size_t length : lengths) {
    sequences.push_back(RandomTokens(length, vocab_size, static_cast<uint32_t>(100 + sequences.size())));
  }
  return sequences;
}

class LogitsEqualityTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!Covers(DetectCpuFeatures(), GetParam().features)) {
      GTEST_SKIP() << "this CPU cannot run " << GetParam().name;
    }
  }
};

TEST_P(LogitsEqualityTest, OfARandomModel) {
  const RandomModelShape shape;
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const Sequences sequences = MakeSequences({70, 33, 17, 16, 9, 25, 1, 12}, shape.vocab_size);
  ExpectEqualLogits([&] { return *ModelFile::Parse(bytes, "random"); }, GetParam(), sequences,
                    {.threads = {1, 2, 3, 5}, .batches = {1, 3, 8}, .chunks = {1, 2, 7, 16, 64, 70}});
}

// 500 rows are no whole number of tiles.
TEST_P(LogitsEqualityTest, OfAHeadIn6Bits) {
  for (const size_t vocab_size : {size_t{512}, size_t{500}}) {
    const RandomModelShape shape = {.num_layers = 1, .vocab_size = vocab_size};
    const std::vector<uint8_t> bytes = RandomModel(shape);
    const Sequences sequences = MakeSequences({40, 17, 9, 3, 2, 1}, shape.vocab_size);
    ExpectEqualLogits([&] { return *ModelFile::Parse(bytes, "random"); }, GetParam(), sequences,
                      {.threads = {1, 3}, .batches = {1, 6}, .chunks = {1, 7}, .head = HeadFormat::kInt6});
  }
}

// Every layout of weights and every difference between architectures.
TEST_P(LogitsEqualityTest, OfEveryArchitectureAndType) {
  const std::vector<RandomModelShape> shapes = {
      {.num_layers = 1,
       .architecture = "bitnet-25",
       .matrices = GgmlType::kTQ2_0,
       .embedding = GgmlType::kBF16},
      {.num_layers = 1, .num_heads = 2, .num_kv_heads = 2, .head_dim = 128, .architecture = "bitnet"},
      {.num_layers = 1, .architecture = "llama", .matrices = GgmlType::kTQ1_0, .embedding = GgmlType::kQ8_0},
      {.num_layers = 1, .architecture = "llama", .matrices = GgmlType::kF16, .own_head = true},
      {.num_layers = 1, .architecture = "llama", .input_norms = true, .hadamard_block = 128},
      {.num_layers = 1,
       .head_dim = 96,
       .vocab_size = 500,
       .architecture = "qwen3",
       .matrices = GgmlType::kQ1_0,
       .embedding = GgmlType::kQ1_0},
      {.num_layers = 1,
       .architecture = "qwen3",
       .matrices = GgmlType::kQ2_0,
       .embedding = GgmlType::kPQ2_0,
       .own_head = true},
  };
  for (const RandomModelShape& shape : shapes) {
    const std::vector<uint8_t> bytes = RandomModel(shape);
    const Sequences sequences = MakeSequences({40, 17, 9}, shape.vocab_size);
    SCOPED_TRACE(shape.architecture + " " + std::string(GgmlTypeName(shape.matrices)));
    ExpectEqualLogits([&] { return *ModelFile::Parse(bytes, "random"); }, GetParam(), sequences,
                      {.threads = {1, 3}, .batches = {3}, .chunks = {1, 7}});
  }
}

// Sequences of several chunks of keys, whose pieces are dealt to threads and joined.
TEST_P(LogitsEqualityTest, OfEveryKvTypeAcrossChunksOfKeys) {
  const RandomModelShape shape = {.num_layers = 1, .max_seq_len = 512};
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const Sequences sequences = MakeSequences({300, 258}, shape.vocab_size);
  for (KvType kv_type : {KvType::kF16, KvType::kF32, KvType::kInt8}) {
    SCOPED_TRACE(testing::Message() << "KV type " << static_cast<int>(kv_type));
    ExpectEqualLogits([&] { return *ModelFile::Parse(bytes, "random"); }, GetParam(), sequences,
                      {.threads = {5}, .batches = {2}, .chunks = {50}, .kv_type = kv_type});
  }
}

TEST_P(LogitsEqualityTest, OfTheEmbeddedModel) {
  const std::string path = BITNET_LIGHTHOUSE_MODEL;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "no " << path;
  }
  const OpenModel open = [&] { return *ModelFile::Open(path, FileAccess::kMap); };
  const size_t vocab_size = Evaluator::Create(open(), {})->get()->config().vocab_size;
  const Sequences sequences = MakeSequences({40, 21, 12}, vocab_size);
  ExpectEqualLogits(open, GetParam(), sequences,
                    {.threads = {1, 3}, .batches = {1, 3}, .chunks = {1, 16, 40}});
  // Of a trained model most of the rows and columns in question are left out.
  ExpectEqualLogits(open, GetParam(), sequences,
                    {.threads = {1, 3}, .batches = {1, 2, 3}, .chunks = {1, 2}, .sparsity = true});
}

INSTANTIATE_TEST_SUITE_P(AllIsas, LogitsEqualityTest, testing::ValuesIn(Isas().begin(), Isas().end()),
                         [](const auto& isa) { return std::string(isa.param.name); });

// The bits themselves, so that builds for different machines agree with each other through this number. It
// changes only with the definition of the numerics.
TEST(LogitsTest, HaveTheSameBitsOnEveryMachine) {
  const RandomModelShape shape;
  const std::vector<uint8_t> bytes = RandomModel(shape);
  const auto logits = Logits([&] { return *ModelFile::Parse(bytes, "random"); }, {.max_batch = 3},
                             MakeSequences({40, 33, 26}, shape.vocab_size));
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over 32-bit words.
  for (const auto& rows : logits) {
    for (float logit : rows) {
      hash = (hash ^ std::bit_cast<uint32_t>(logit)) * 0x100000001b3;
    }
  }
  EXPECT_EQ(hash, 0xb9fa0b6404f98789u) << std::hex << hash;
}

}  // namespace
}  // namespace bitnet

// A fuzz target without a fuzzer: runs its corpus, and mutations of it that are the same on every run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kMutations = 2000;

std::vector<Bytes> Corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(BITNET_CORPUS)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Bytes> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

// A size, count or offset that is wrong in an interesting way.
uint64_t OddNumber(std::mt19937_64& rng) {
  const uint64_t power = uint64_t{1} << rng() % 64;
  return power + rng() % 3 - 1;
}

void Mutate(Bytes& bytes, const std::vector<Bytes>& corpus, std::mt19937_64& rng) {
  if (bytes.empty()) {
    bytes.push_back(static_cast<uint8_t>(rng()));
  }
  const size_t at = rng() % bytes.size();
  const auto begin = bytes.begin() + static_cast<ptrdiff_t>(at);
  const size_t count = std::min<size_t>(rng() % 16 + 1, bytes.size() - at);
  switch (rng() % 6) {
    case 0:
      bytes[at] = static_cast<uint8_t>(rng());
      break;
    case 1:
      bytes[at] ^= static_cast<uint8_t>(1u << rng() % 8);
      break;
    case 2: {
      const uint64_t number = OddNumber(rng);
      for (size_t i = 0; i < std::min<size_t>(8, bytes.size() - at); ++i) {
        bytes[at + i] = static_cast<uint8_t>(number >> (8 * i));
      }
      break;
    }
    case 3:
      bytes.erase(begin, begin + static_cast<ptrdiff_t>(count));
      break;
    case 4: {
      const Bytes copy(begin, begin + static_cast<ptrdiff_t>(count));
      bytes.insert(begin, copy.begin(), copy.end());
      break;
    }
    default: {
      const Bytes& other = corpus[rng() % corpus.size()];
      bytes.resize(at);
      bytes.insert(bytes.end(), other.begin() + static_cast<ptrdiff_t>(std::min(at, other.size())),
                   other.end());
    }
  }
}

// An exact copy, so that reading beyond its end is seen by the address sanitizer.
void RunOne(const Bytes& bytes) { EXPECT_EQ(LLVMFuzzerTestOneInput(Bytes(bytes).data(), bytes.size()), 0); }

TEST(FuzzCorpusTest, SurvivesTheCorpus) {
  const std::vector<Bytes> corpus = Corpus();
  ASSERT_FALSE(corpus.empty()) << BITNET_CORPUS;
  RunOne({});
  for (const Bytes& bytes : corpus) {
    RunOne(bytes);
  }
}

TEST(FuzzCorpusTest, SurvivesMutations) {
  const std::vector<Bytes> corpus = Corpus();
  ASSERT_FALSE(corpus.empty()) << BITNET_CORPUS;
  std::mt19937_64 rng(1);
  for (int i = 0; i < kMutations; ++i) {
    Bytes bytes = corpus[rng() % corpus.size()];
    for (uint64_t n = rng() % 4 + 1; n > 0; --n) {
      Mutate(bytes, corpus, rng);
    }
    RunOne(bytes);
  }
}

}  // namespace

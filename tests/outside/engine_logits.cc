// Writes the engine's logits of given token ids, for judges written by others.
//
//   engine_logits --model M --ids FILE --output FILE [--activations f32] [--isa ISA] [--threads N] [--access
//   read] [--head NAME]
//
// FILE of ids: one sequence a line, decimal, separated by spaces. Output: float32 [tokens, vocab_size] of one
// sequence after the other, without any header.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/available_isas.h"
#include "engine/evaluate.h"
#include "engine/huggingface/open_model.h"

namespace bitnet {
namespace {

using Flags = std::map<std::string, std::string>;

absl::StatusOr<Flags> ParseFlags(int argc, char** argv) {
  Flags flags = {{"--model", ""}, {"--ids", ""},      {"--output", ""},    {"--activations", "default"},
                 {"--isa", ""},   {"--threads", "2"}, {"--access", "map"}, {"--head", "file"}};
  for (int i = 1; i < argc; i += 2) {
    const auto at = flags.find(argv[i]);
    if (at == flags.end() || i + 1 == argc) {
      return absl::InvalidArgumentError(absl::StrCat("cannot use ", argv[i]));
    }
    at->second = argv[i + 1];
  }
  return flags;
}

absl::StatusOr<std::vector<std::vector<int32_t>>> ReadIds(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::vector<int32_t>> sequences;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<int32_t> ids;
    for (int32_t id; words >> id;) {
      ids.push_back(id);
    }
    if (ids.empty() || !words.eof()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": no token ids in: ", line));
    }
    sequences.push_back(ids);
  }
  if (sequences.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no sequence"));
  }
  return sequences;
}

absl::StatusOr<EvaluatorOptions> MakeOptions(const Flags& flags) {
  EvaluatorOptions options;
  options.kv_type = KvType::kF32;  // What judges compute with.
  const auto head = HeadFormatNames().find(flags.at("--head"));
  if (head == HeadFormatNames().end()) {
    return absl::InvalidArgumentError(absl::StrCat("--head ", flags.at("--head"), " is no format of heads"));
  }
  options.weights.head = head->second;
  options.weights.float_activations = flags.at("--activations") == "f32";
  if (!absl::SimpleAtoi(flags.at("--threads"), &options.num_threads)) {
    return absl::InvalidArgumentError(absl::StrCat("--threads ", flags.at("--threads"), " is no number"));
  }
  if (const std::string& isa_name = flags.at("--isa"); !isa_name.empty()) {
    const Isa* isa = FindAvailableIsa(isa_name);
    if (isa == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("this CPU or program has no ", isa_name));
    }
    options.cpu_features = isa->features;
  }
  return options;
}

// A line of /proc/self/status such as "RssAnon:   1234 kB", in MiB; 0 where there is none.
double MemoryMib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string key; in >> key;) {
    double kib = 0;
    if (key == name && in >> kib) {
      return kib / 1024;
    }
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

absl::Status Main(int argc, char** argv) {
  ASSIGN_OR_RETURN(const Flags flags, ParseFlags(argc, argv));
  ASSIGN_OR_RETURN(const auto sequences, ReadIds(flags.at("--ids")));
  ASSIGN_OR_RETURN(const EvaluatorOptions options, MakeOptions(flags));
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(
      std::unique_ptr<ModelFile> file,
      OpenModel(flags.at("--model"), flags.at("--access") == "read" ? FileAccess::kRead : FileAccess::kMap));
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator, Evaluator::Create(std::move(file), options));
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
  std::printf("loaded in %.2f s; resident: %.0f MiB own, %.0f MiB of mapped files\n", loading.count(),
              MemoryMib("RssAnon:"), MemoryMib("RssFile:"));
  std::ofstream out(flags.at("--output"), std::ios::binary);
  for (const std::vector<int32_t>& ids : sequences) {
    ASSIGN_OR_RETURN(const std::vector<float> rows, evaluator->Logits(ids));
    out.write(reinterpret_cast<const char*>(rows.data()),
              static_cast<std::streamsize>(rows.size() * sizeof(float)));
  }
  return out.flush() ? absl::OkStatus()
                     : absl::UnavailableError(absl::StrCat("cannot write ", flags.at("--output")));
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  const absl::Status status = bitnet::Main(argc, argv);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

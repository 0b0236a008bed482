// Writes the logits of one sequence of a model with adapters, for a judge written by others.
//
//   adapter_logits MODEL IDS OUTPUT [ADAPTER SCALE]...
//
// IDS is a file of token ids in decimal, separated by spaces. Output: float32 [tokens, vocab_size].
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/adapters/adapter_lease.h"
#include "engine/adapters/open_adapter.h"
#include "engine/evaluate.h"
#include "engine/huggingface/open_model.h"

namespace bitnet {
namespace {

constexpr size_t kMaxAdapterBytes = size_t{1} << 30;

absl::Status Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments.size() % 2 == 0) {
    return absl::InvalidArgumentError("usage: adapter_logits MODEL IDS OUTPUT [ADAPTER SCALE]...");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ModelFile> file, OpenModel(arguments[0], FileAccess::kMap));
  ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                   Evaluator::Create(std::move(file), {.num_threads = 2, .kv_type = KvType::kF32}));
  AdapterLease adapters;
  for (size_t i = 3; i < arguments.size(); i += 2) {
    float scale = 0;
    if (!absl::SimpleAtof(arguments[i + 1], &scale)) {
      return absl::InvalidArgumentError(absl::StrCat("the scale ", arguments[i + 1], " is no number"));
    }
    ASSIGN_OR_RETURN(std::unique_ptr<Adapter> adapter,
                     OpenAdapter(arguments[i], evaluator->config(), kMaxAdapterBytes));
    adapters.Add(std::move(adapter), scale);
  }
  std::ifstream in(arguments[1]);
  const std::vector<int32_t> ids((std::istream_iterator<int32_t>(in)), std::istream_iterator<int32_t>());
  ASSIGN_OR_RETURN(const std::vector<float> logits, evaluator->Logits(ids, adapters.list()));
  std::ofstream out(arguments[2], std::ios::binary);
  out.write(reinterpret_cast<const char*>(logits.data()),
            static_cast<std::streamsize>(logits.size() * sizeof(float)));
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", arguments[2]));
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  const absl::Status status = bitnet::Main({argv + 1, argv + argc});
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

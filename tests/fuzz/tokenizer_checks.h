// What holds of every tokenizer that a file describes, whatever the file.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace bitnet {

inline void CheckTokenizer(const Tokenizer& tokenizer) {
  constexpr std::string_view kText = "Hello, w\xC3\xB6rld  123\n\xFF<s>e\xCC\x81\xE2\x96\x81";
  const auto in_range = [&](int32_t id) {
    return id >= 0 && static_cast<size_t>(id) < tokenizer.vocab_size();
  };
  for (const SpecialTokens special : {SpecialTokens::kPlain, SpecialTokens::kParse}) {
    const std::vector<int32_t> ids = tokenizer.Encode(kText, special);
    for (const int32_t id : ids) {
      BITNET_FUZZ_CHECK(in_range(id));
    }
    // What a token stands for may be long, but not what a text comes back as without limit.
    BITNET_FUZZ_CHECK(ids.size() <= 4 * kText.size());
    static_cast<void>(tokenizer.Decode(ids));
  }
  for (const int32_t id : tokenizer.EncodePrompt(kText)) {
    BITNET_FUZZ_CHECK(in_range(id));
  }
  for (const int32_t id : tokenizer.end_ids()) {
    BITNET_FUZZ_CHECK(in_range(id));
    BITNET_FUZZ_CHECK(tokenizer.TokenText(id).data() != nullptr);
  }
}

}  // namespace bitnet

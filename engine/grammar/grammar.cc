#include "engine/grammar/grammar.h"

#include <array>
#include <utility>

#include "absl/strings/str_format.h"

namespace bitnet {

absl::Status CheckGrammarText(std::string_view text) {
  return text.size() <= kMaxGrammarText
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrFormat("it has %d bytes; %d are possible", text.size(), kMaxGrammarText));
}

Grammar::Grammar(Parts parts) : parts_(std::move(parts)) {
  // Begin with one class and split it by each set in turn: a byte's class after a set is what it was before,
  // and whether it is in the set.
  classes_.fill(0);
  num_classes_ = 1;
  for (const ByteSet& set : parts_.sets) {
    std::array<int, 512> renamed;
    renamed.fill(-1);
    int num_classes = 0;
    for (int byte = 0; byte < 256; ++byte) {
      int& name = renamed[2 * classes_[byte] + (set.test(byte) ? 1 : 0)];
      name = name < 0 ? num_classes++ : name;
      classes_[byte] = static_cast<uint8_t>(name);
    }
    num_classes_ = num_classes;
  }
  for (const ByteSet& set : parts_.sets) {
    ByteSet& of_classes = class_sets_.emplace_back();
    for (int byte = 0; byte < 256; ++byte) {
      of_classes.set(classes_[byte], set.test(byte));
    }
  }
}

}  // namespace bitnet

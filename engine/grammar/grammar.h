// A context-free grammar over bytes, compiled: what a Pushdown runs.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bitnet {

using ByteSet = std::bitset<256>;

// What a client may ask of us: enough for schemas that people write, and milliseconds to compile.
inline constexpr size_t kMaxGrammarText = 64 << 10;
inline constexpr size_t kMaxGrammarRules = 16384;
inline constexpr size_t kMaxGrammarNodes = 128 << 10;
inline constexpr uint32_t kMaxRepetitions = 32768;  // Of x{m,n}; each takes a node or two.
inline constexpr int kMaxGrammarNesting = 64;       // Of groups in a text, or of schemas in a schema.

// INVALID_ARGUMENT: it is longer than kMaxGrammarText.
absl::Status CheckGrammarText(std::string_view text);

// A place in a rule. A rule is a non-deterministic automaton whose steps are bytes or whole other rules.
struct GrammarNode {
  enum class Kind : uint8_t {
    kAccept,  // The text may end here.
    kEnd,     // The rule ends: go on where it was called.
    kBytes,   // One byte of set `value`, then `next`.
    kCall,    // The rule that begins at node `value`, then `next`.
    kSplit,   // Any of `next` nodes, listed from branches[value] on.
  };
  Kind kind;
  uint32_t value;
  uint32_t next;
};

inline constexpr uint32_t kAcceptNode = 0;
inline constexpr uint32_t kEndNode = 1;  // One for all rules: what follows depends on who called.

// Made by GrammarBuilder, which sees to it that whatever has been matched can be completed, and that no rule
// begins with itself. Immutable.
class Grammar {
 public:
  struct Parts {
    std::vector<GrammarNode> nodes;
    std::vector<uint32_t> branches;
    std::vector<ByteSet> sets;
    uint32_t start;  // Node.
  };
  explicit Grammar(Parts parts);

  const GrammarNode& node(uint32_t i) const { return parts_.nodes[i]; }
  std::span<const uint32_t> branches(const GrammarNode& split) const {
    return {parts_.branches.data() + split.value, split.next};
  }
  uint32_t start() const { return parts_.start; }
  size_t num_nodes() const { return parts_.nodes.size(); }

  // Bytes that no set tells apart are of one class.
  uint8_t byte_class(uint8_t byte) const { return classes_[byte]; }
  size_t num_classes() const { return num_classes_; }
  bool Matches(const GrammarNode& bytes, uint8_t byte_class) const {
    return class_sets_[bytes.value].test(byte_class);
  }

 private:
  Parts parts_;
  std::array<uint8_t, 256> classes_;
  size_t num_classes_ = 0;
  std::vector<ByteSet> class_sets_;  // As the sets, of classes.
};

}  // namespace bitnet

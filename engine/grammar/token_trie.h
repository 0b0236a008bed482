// The bytes of a vocabulary's tokens, as a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// Immutable; made once for a model. A walk in the order of the nodes meets every token's beginning before the
// token, and can leave out what begins like one that it does not want.
class TokenTrie {
 public:
  struct Node {
    uint32_t after;        // The next node that does not begin with this one's bytes.
    uint32_t first_token;  // Of those that end here, in tokens(); they end where the next node's begin.
    uint16_t depth;        // Bytes up to here, from 1 on.
    uint8_t byte;          // The last of these.
  };
  // Longer tokens are never allowed.
  static constexpr size_t kMaxTokenBytes = 1024;

  // Tokens without bytes, such as control tokens, are not in it: those that end an answer are dealt with
  // apart (TokenMatcher), others are never text. `vocab_size` is the model's, perhaps more than the
  // tokenizer has.
  TokenTrie(const Tokenizer& tokenizer, size_t vocab_size);

  size_t vocab_size() const { return vocab_size_; }
  size_t longest() const { return longest_; }  // Bytes of a token.
  std::span<const Node> nodes() const { return {nodes_.data(), nodes_.size() - 1}; }
  std::span<const int32_t> tokens(size_t node) const {
    return {tokens_.data() + nodes_[node].first_token,
            nodes_[node + 1].first_token - nodes_[node].first_token};
  }
  // Of a token, as far as it is in the tree.
  std::span<const uint8_t> bytes(int32_t token) const {
    return {bytes_.data() + byte_begin_[token], byte_begin_[token + 1] - byte_begin_[token]};
  }

 private:
  size_t vocab_size_;
  size_t longest_ = 0;
  std::vector<Node> nodes_;  // And one more, which marks the end of the last one's tokens.
  std::vector<int32_t> tokens_;
  std::vector<uint8_t> bytes_;  // Of all tokens, by id.
  std::vector<uint32_t> byte_begin_;
};

}  // namespace bitnet

// The embedding of a text, from the hidden states of its tokens.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/model/pooling.h"

namespace bitnet {

// A hidden state is what the output head would make logits of: the residual stream after the last layer and
// the final norm. They are pooled, and the result is scaled to length 1, as users of OpenAI's API expect it
// ("OpenAI embeddings are normalized to length 1", platform.openai.com/docs/guides/embeddings) and
// llama.cpp's server does it (`embd_normalize` 2): cosine similarity is then the dot product.
//
// Sums are of doubles, over positions and over dimensions, one after the other from 0 on, and rounded to
// float once: the same bits however the text was cut into steps. The mean is not divided by the number of
// tokens, which the scaling would undo.
//
// Allocates when it is made, and not later.
class Pooler {
 public:
  // `pooling` is not kOfModel.
  Pooler(Pooling pooling, size_t hidden_dim);

  // Whether every position's state is needed, so that none may be left out for being in a cache.
  bool needs_all() const { return pooling_ == Pooling::kMean; }
  bool Needs(size_t position, size_t num_tokens) const { return needs_all() || position + 1 == num_tokens; }
  // The next state that is needed, by rising position.
  void Add(std::span<const float> hidden);
  // Forgets them all: the text is read again.
  void Reset();
  // Of what was added, valid until the next call; once. All zero if their sum is.
  std::span<const float> Embedding();

 private:
  const Pooling pooling_;
  std::vector<double> sum_;       // [hidden_dim]
  std::vector<float> embedding_;  // [hidden_dim]
};

}  // namespace bitnet

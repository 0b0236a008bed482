// What must hold of a grammar's nodes before they can be run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "engine/grammar/grammar.h"

namespace bitnet {

// Nodes of a grammar in the making; kCall's value is the first node of the rule already.
struct GrammarGraph {
  std::span<const GrammarNode> nodes;
  std::span<const uint32_t> branches;
};

// By node: whether its rule can end from there without another byte.
std::vector<bool> NullableNodes(const GrammarGraph& graph);
// By node: whether its rule can end from there at all.
std::vector<bool> ProductiveNodes(const GrammarGraph& graph);

// A rule, as index into `entries`, that can come to itself before any byte: left recursion, which would call
// it for ever. `entries` are the first nodes of all rules, each with its own.
std::optional<uint32_t> FindLeftRecursion(const GrammarGraph& graph, std::span<const uint32_t> entries,
                                          const std::vector<bool>& nullable);

}  // namespace bitnet

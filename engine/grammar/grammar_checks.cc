#include "engine/grammar/grammar_checks.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"

namespace bitnet {
namespace {

using Kind = GrammarNode::Kind;

template <typename Visit>
void ForEachSuccessor(const GrammarGraph& graph, const GrammarNode& node, const Visit& visit) {
  switch (node.kind) {
    case Kind::kAccept:
    case Kind::kEnd:
      return;
    case Kind::kCall:
      visit(node.value);
      visit(node.next);
      return;
    case Kind::kBytes:
      visit(node.next);
      return;
    case Kind::kSplit:
      for (uint32_t branch : graph.branches.subspan(node.value, node.next)) {
        visit(branch);
      }
  }
}

// The nodes that are true if only those are that must be. `holds` says whether a node is, given its
// successors. Each edge is looked at once more when its end becomes true.
std::vector<bool> LeastSolution(
    const GrammarGraph& graph,
    absl::FunctionRef<bool(const GrammarNode& node, const std::vector<bool>& true_nodes)> holds) {
  std::vector<uint32_t> begin(graph.nodes.size() + 1, 0);  // Of each node's predecessors.
  for (const GrammarNode& node : graph.nodes) {
    ForEachSuccessor(graph, node, [&](uint32_t successor) { ++begin[successor + 1]; });
  }
  for (size_t i = 1; i < begin.size(); ++i) {
    begin[i] += begin[i - 1];
  }
  std::vector<uint32_t> predecessors(begin.back());
  std::vector<uint32_t> filled(begin.begin(), begin.end() - 1);
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    ForEachSuccessor(graph, graph.nodes[i],
                     [&](uint32_t successor) { predecessors[filled[successor]++] = i; });
  }
  std::vector<bool> result(graph.nodes.size(), false);
  std::vector<uint32_t> news;
  const auto look = [&](uint32_t i) {
    if (!result[i] && holds(graph.nodes[i], result)) {
      result[i] = true;
      news.push_back(i);
    }
  };
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    look(i);
  }
  while (!news.empty()) {
    const uint32_t i = news.back();
    news.pop_back();
    for (uint32_t at = begin[i]; at < begin[i + 1]; ++at) {
      look(predecessors[at]);
    }
  }
  return result;
}

bool AnyBranch(const GrammarGraph& graph, const GrammarNode& split, const std::vector<bool>& holds) {
  return std::ranges::any_of(graph.branches.subspan(split.value, split.next),
                             [&](uint32_t branch) { return holds[branch]; });
}

// Rules that can follow within a rule before its first byte.
std::vector<uint32_t> FirstCalls(const GrammarGraph& graph, uint32_t entry, const std::vector<bool>& nullable,
                                 std::vector<bool>& seen) {
  std::vector<uint32_t> calls;
  std::vector<uint32_t> todo = {entry};
  const auto visit = [&](uint32_t i) {
    if (!seen[i]) {
      seen[i] = true;
      todo.push_back(i);
    }
  };
  while (!todo.empty()) {
    const GrammarNode& node = graph.nodes[todo.back()];
    todo.pop_back();
    if (node.kind == Kind::kSplit) {
      ForEachSuccessor(graph, node, visit);
    } else if (node.kind == Kind::kCall) {
      calls.push_back(node.value);
      if (nullable[node.value]) {
        visit(node.next);
      }
    }
  }
  return calls;
}

}  // namespace

std::vector<bool> NullableNodes(const GrammarGraph& graph) {
  return LeastSolution(graph, [&](const GrammarNode& node, const std::vector<bool>& holds) {
    return node.kind == Kind::kEnd || (node.kind == Kind::kCall && holds[node.value] && holds[node.next]) ||
           (node.kind == Kind::kSplit && AnyBranch(graph, node, holds));
  });
}

std::vector<bool> ProductiveNodes(const GrammarGraph& graph) {
  return LeastSolution(graph, [&](const GrammarNode& node, const std::vector<bool>& holds) {
    return node.kind == Kind::kEnd || (node.kind == Kind::kCall && holds[node.value] && holds[node.next]) ||
           (node.kind == Kind::kBytes && holds[node.next]) ||
           (node.kind == Kind::kSplit && AnyBranch(graph, node, holds));
  });
}

std::optional<uint32_t> FindLeftRecursion(const GrammarGraph& graph, std::span<const uint32_t> entries,
                                          const std::vector<bool>& nullable) {
  absl::flat_hash_map<uint32_t, uint32_t> rule_at;
  for (uint32_t rule = 0; rule < entries.size(); ++rule) {
    rule_at.emplace(entries[rule], rule);
  }
  // Kahn's: take away rules that no other may begin with; what stays is, or is reached from, a circle.
  std::vector<std::vector<uint32_t>> first(entries.size());
  std::vector<uint32_t> callers(entries.size(), 0);
  std::vector<bool> seen(graph.nodes.size(), false);
  for (uint32_t rule = 0; rule < entries.size(); ++rule) {
    for (uint32_t entry : FirstCalls(graph, entries[rule], nullable, seen)) {
      first[rule].push_back(rule_at.at(entry));
      ++callers[rule_at.at(entry)];
    }
  }
  std::vector<uint32_t> free;
  for (uint32_t rule = 0; rule < entries.size(); ++rule) {
    if (callers[rule] == 0) {
      free.push_back(rule);
    }
  }
  while (!free.empty()) {
    const uint32_t rule = free.back();
    free.pop_back();
    for (uint32_t other : first[rule]) {
      if (--callers[other] == 0) {
        free.push_back(other);
      }
    }
  }
  // Walk backwards from what stays: everyone there has a caller that stays too, until one comes again.
  const auto stays = std::ranges::find_if(callers, [](uint32_t n) { return n > 0; });
  if (stays == callers.end()) {
    return std::nullopt;
  }
  std::vector<uint32_t> caller_of(entries.size(), 0);
  for (uint32_t rule = 0; rule < entries.size(); ++rule) {
    for (uint32_t other : first[rule]) {
      caller_of[other] = callers[rule] > 0 ? rule : caller_of[other];
    }
  }
  auto rule = static_cast<uint32_t>(stays - callers.begin());
  for (size_t i = 0; i < entries.size(); ++i) {
    rule = caller_of[rule];
  }
  return rule;
}

}  // namespace bitnet

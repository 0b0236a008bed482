// GrammarBuilder::Build: from expressions to nodes.
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "engine/grammar/grammar_builder.h"
#include "engine/grammar/grammar_checks.h"

namespace bitnet {

// Each expression is lowered with the node that follows it, so there is nothing to patch afterwards but what
// calls point to. Only rules that are reached are lowered.
class GrammarLowering {
 public:
  explicit GrammarLowering(const GrammarBuilder& builder)
      : builder_(builder), entries_(builder.rules_.size(), kNone) {
    nodes_ = {{Kind::kAccept, 0, 0}, {Kind::kEnd, 0, 0}};
  }

  absl::StatusOr<Grammar> Run(GrammarBuilder::Rule root) {
    const uint32_t start = AddNode({Kind::kCall, root, kAcceptNode});
    Need(root);
    for (size_t i = 0; i < needed_.size() && !exceeded_; ++i) {
      entries_[needed_[i]] = LowerRule(*builder_.rules_[needed_[i]].expr);
    }
    if (exceeded_) {
      return absl::InvalidArgumentError(
          absl::StrFormat("it is too large: %d nodes are possible", kMaxGrammarNodes));
    }
    for (GrammarNode& node : nodes_) {
      if (node.kind == Kind::kCall) {
        node.value = entries_[node.value];
      }
    }
    return Finish(start);
  }

 private:
  using Kind = GrammarNode::Kind;
  using ExprKind = GrammarBuilder::Kind;
  static constexpr uint32_t kNone = ~uint32_t{0};

  uint32_t AddNode(GrammarNode node) {
    if (nodes_.size() >= kMaxGrammarNodes) {
      exceeded_ = true;
      return kEndNode;
    }
    nodes_.push_back(node);
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  uint32_t AddSplit(const std::vector<uint32_t>& branches) {
    const auto begin = static_cast<uint32_t>(branches_.size());
    branches_.insert(branches_.end(), branches.begin(), branches.end());
    return AddNode({Kind::kSplit, begin, static_cast<uint32_t>(branches.size())});
  }

  void Need(GrammarBuilder::Rule rule) {
    if (entries_[rule] == kNone) {
      entries_[rule] = kEndNode;  // To be replaced.
      needed_.push_back(rule);
    }
  }

  // A rule's first node is its own, so that it tells which rule is called.
  uint32_t LowerRule(GrammarBuilder::Expr expr) { return AddSplit({Lower(expr, kEndNode)}); }

  uint32_t Lower(GrammarBuilder::Expr expr, uint32_t next) {
    const GrammarBuilder::Node& e = builder_.exprs_[expr];
    if (exceeded_) {
      return next;
    }
    switch (e.kind) {
      case ExprKind::kBytes:
        return AddNode({Kind::kBytes, e.value, next});
      case ExprKind::kCall:
        Need(e.value);
        return AddNode({Kind::kCall, e.value, next});
      case ExprKind::kSequence:
        for (uint32_t i = e.min; i-- > 0;) {
          next = Lower(builder_.children_[e.value + i], next);
        }
        return next;
      case ExprKind::kChoice: {
        std::vector<uint32_t> branches;
        for (uint32_t i = 0; i < e.min; ++i) {
          branches.push_back(Lower(builder_.children_[e.value + i], next));
        }
        return AddSplit(branches);
      }
      case ExprKind::kRepeat:
        break;
    }
    return LowerRepeat(e, next);
  }

  uint32_t LowerRepeat(const GrammarBuilder::Node& e, uint32_t next) {
    uint32_t first = next;
    if (e.max == GrammarBuilder::kUnlimited) {
      const uint32_t loop = AddSplit({next, next});
      const uint32_t at = nodes_[loop].value;
      const uint32_t body = Lower(e.value, loop);
      if (!exceeded_) {
        branches_[at] = body;
      }
      first = loop;
    } else {
      for (uint32_t i = e.min; i < e.max && !exceeded_; ++i) {
        first = AddSplit({Lower(e.value, first), next});
      }
    }
    for (uint32_t i = 0; i < e.min && !exceeded_; ++i) {
      first = Lower(e.value, first);
    }
    return first;
  }

  absl::StatusOr<Grammar> Finish(uint32_t start) {
    const GrammarGraph graph = {nodes_, branches_};
    std::vector<uint32_t> entries;
    for (GrammarBuilder::Rule rule : needed_) {
      entries.push_back(entries_[rule]);
    }
    if (const auto circle = FindLeftRecursion(graph, entries, NullableNodes(graph))) {
      return absl::InvalidArgumentError(absl::StrFormat("rule %s begins with itself (left recursion)",
                                                        builder_.rules_[needed_[*circle]].name));
    }
    // Of alternatives, only those stay that can be completed: then what has been matched always can be.
    const std::vector<bool> productive = ProductiveNodes(graph);
    if (!productive[nodes_[start].value]) {
      return absl::InvalidArgumentError("no text of finite length matches");
    }
    for (GrammarNode& node : nodes_) {
      if (node.kind == Kind::kSplit) {
        const auto begin = branches_.begin() + node.value;
        const auto end = std::remove_if(begin, begin + node.next, [&](uint32_t b) { return !productive[b]; });
        node.next = static_cast<uint32_t>(end - begin);
      }
    }
    return Grammar({std::move(nodes_), std::move(branches_), builder_.sets_, start});
  }

  const GrammarBuilder& builder_;
  std::vector<uint32_t> entries_;  // By rule; kNone: not needed so far.
  std::vector<GrammarBuilder::Rule> needed_;
  std::vector<GrammarNode> nodes_;
  std::vector<uint32_t> branches_;
  bool exceeded_ = false;
};

absl::StatusOr<Grammar> GrammarBuilder::Build(Rule root) const {
  if (!exceeded_.empty()) {
    return absl::InvalidArgumentError(exceeded_);
  }
  return GrammarLowering(*this).Run(root);
}

}  // namespace bitnet

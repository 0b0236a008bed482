// Sets of Unicode characters, as classes of regular expressions and grammars have them.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

namespace bitnet {

struct CodePointRange {
  char32_t first;
  char32_t last;  // Included.
  bool operator==(const CodePointRange&) const = default;
};

inline constexpr char32_t kMaxCodePoint = 0x10FFFF;

// Never has a surrogate: those are no characters, and UTF-8 cannot write them.
class CodePoints {
 public:
  CodePoints() = default;
  CodePoints(std::initializer_list<CodePointRange> ranges);

  void Add(char32_t c) { Add({c, c}); }
  void Add(CodePointRange range);
  void Add(const CodePoints& other);

  CodePoints Complement() const;
  CodePoints Minus(const CodePoints& other) const;

  bool empty() const { return ranges_.empty(); }
  bool Contains(char32_t c) const;
  // In order, none touching another.
  std::span<const CodePointRange> ranges() const { return ranges_; }

 private:
  void Insert(CodePointRange range);

  std::vector<CodePointRange> ranges_;
};

}  // namespace bitnet

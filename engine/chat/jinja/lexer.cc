#include "engine/chat/jinja/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "engine/chat/jinja/string_literal.h"
#include "engine/chat/jinja/text.h"

namespace bitnet::jinja {
namespace {

constexpr size_t kMaxSourceBytes = 1 << 20;
constexpr size_t kMaxNameBytes = 255;  // Scopes copy names, which costs the same for all.

constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "*",
                                           "/",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                           "<",  ">",  "=",  ".",  ":",  "|",  ","};

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_' || static_cast<uint8_t>(c) >= 0x80; }
bool IsNameChar(char c) { return IsNameStart(c) || absl::ascii_isdigit(c); }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (at_ < source_.size()) {
      RETURN_IF_ERROR(NextTag());
    }
    Add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool Sees(std::string_view text) const { return rest().starts_with(text); }

  void Add(TokenKind kind, std::string_view text) { tokens_.push_back({kind, std::string(text), line_}); }

  void Advance(size_t count) {
    line_ += static_cast<int>(std::ranges::count(rest().substr(0, count), '\n'));
    at_ += count;
  }

  size_t SpaceLength() const {
    size_t length = 0;
    while (at_ + length < source_.size() && IsSpaceAt(source_, at_ + length, source_.size())) {
      length += CharLength(source_, at_ + length);
    }
    return length;
  }

  // The text up to the next tag, and that tag.
  absl::Status NextTag() {
    size_t tag = at_;
    const auto is_tag = [&] {
      const char next = tag + 1 < source_.size() ? source_[tag + 1] : '\0';
      return next == '%' || next == '{' || next == '#';
    };
    while ((tag = source_.find('{', tag)) != std::string::npos && !is_tag()) {
      ++tag;
    }
    if (tag == std::string::npos) {
      AddText(rest());
      Advance(rest().size());
      return absl::OkStatus();
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    if (sign == '-') {
      text = RightStripped(text);
    } else if (sign != '+' && kind != '{') {
      text = WithoutIndent(text, begins_line_);
    }
    AddText(text);
    Advance(tag - at_ + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') {
      return Comment();
    }
    if (kind == '%' && IsRaw()) {
      return Raw();
    }
    Add(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kPrintBegin, "");
    return Inside(kind == '%');
  }

  void AddText(std::string_view text) {
    if (!text.empty()) {
      Add(TokenKind::kText, text);
    }
  }

  static std::string_view RightStripped(std::string_view text) {
    return text.substr(0, Strip(Text(text, Origin::kTemplate), {.left = false, .right = true}).size());
  }

  // Without what stands between the last line's beginning and its end, if that is white space only.
  static std::string_view WithoutIndent(std::string_view text, bool begins_line) {
    const size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos && !begins_line) {
      return text;
    }
    const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    return RightStripped(text.substr(line)).empty() ? text.substr(0, line) : text;
  }

  // After the `length` bytes that close a tag, "-" among them or not.
  void CloseTag(size_t length, bool is_block) {
    const bool strips = rest().front() == '-';
    const bool keeps = rest().front() == '+';
    const size_t begin = at_;
    Advance(length);
    if (strips) {
      Advance(SpaceLength());
    } else if (is_block && !keeps && Sees("\n")) {
      Advance(1);
    }
    begins_line_ = at_ > begin && source_[at_ - 1] == '\n';
  }

  absl::Status Comment() {
    const int line = line_;
    const size_t end = source_.find("#}", at_);
    if (end == std::string::npos) {
      return SyntaxError(line, "a comment has no end: #} was wanted");
    }
    const bool has_sign = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
    Advance(end - at_ - (has_sign ? 1 : 0));
    CloseTag(has_sign ? 3 : 2, true);
    return absl::OkStatus();
  }

  // Whether the block that has just begun is {% raw %}.
  bool IsRaw() const {
    std::string_view block = rest().substr(SpaceLength());
    if (!block.starts_with("raw")) {
      return false;
    }
    block.remove_prefix(3);
    block.remove_prefix(std::min(block.find_first_not_of(" \t\n\f\v"), block.size()));
    return block.starts_with("%}") || block.starts_with("-%}");
  }

  absl::Status Raw() {
    const int line = line_;
    Advance(source_.find('%', at_) - at_);
    if (source_[at_ - 1] == '-') {
      --at_;
      CloseTag(3, false);
    } else {
      CloseTag(2, false);
    }
    for (size_t tag = at_; (tag = source_.find("{%", tag)) != std::string::npos; tag += 2) {
      size_t name = tag + 2;
      const char sign = name < source_.size() ? source_[name] : '\0';
      name += sign == '-' || sign == '+' ? 1 : 0;
      while (name < source_.size() && absl::ascii_isspace(source_[name])) ++name;
      if (source_.compare(name, 6, "endraw") != 0) {
        continue;
      }
      size_t end = name + 6;
      while (end < source_.size() && absl::ascii_isspace(source_[end])) ++end;
      const bool has_sign = end < source_.size() && (source_[end] == '-' || source_[end] == '+');
      if (source_.compare(end + (has_sign ? 1 : 0), 2, "%}") != 0) {
        continue;
      }
      std::string_view text = std::string_view(source_).substr(at_, tag - at_);
      if (sign == '-') {
        text = RightStripped(text);
      } else if (sign != '+') {
        text = WithoutIndent(text, begins_line_);
      }
      AddText(text);
      Advance(end - at_);
      CloseTag(has_sign ? 3 : 2, true);
      return absl::OkStatus();
    }
    return SyntaxError(line, "{% raw %} has no {% endraw %}");
  }

  // The tokens of a tag up to and with its end.
  absl::Status Inside(bool is_block) {
    const int line = line_;
    const std::string_view end = is_block ? "%}" : "}}";
    std::string open;  // Brackets that are still to be closed: within them }} closes two of those.
    while (true) {
      Advance(SpaceLength());
      if (at_ == source_.size()) {
        return SyntaxError(line, absl::StrCat("a tag has no end: ", std::string(end), " was wanted"));
      }
      if (open.empty()) {
        const bool has_sign = Sees("-") || (is_block && Sees("+"));
        if (rest().substr(has_sign ? 1 : 0).starts_with(end)) {
          Add(is_block ? TokenKind::kBlockEnd : TokenKind::kPrintEnd, "");
          CloseTag(has_sign ? 3 : 2, is_block);
          return absl::OkStatus();
        }
      }
      RETURN_IF_ERROR(InnerToken(open));
    }
  }

  absl::Status InnerToken(std::string& open) {
    const char first = rest().front();
    if (IsNameStart(first)) {
      const std::string_view text = rest();
      const auto length = static_cast<size_t>(std::ranges::find_if_not(text, IsNameChar) - text.begin());
      if (length > kMaxNameBytes) {
        return SyntaxError(
            line_, absl::StrCat("a name has ", length, " bytes; at most ", kMaxNameBytes, " were wanted"));
      }
      return AddInner(TokenKind::kName, length);
    }
    if (absl::ascii_isdigit(first)) {
      return NumberToken();
    }
    if (first == '"' || first == '\'') {
      ASSIGN_OR_RETURN(const StringLiteral literal, ReadStringLiteral(rest(), line_));
      Add(TokenKind::kString, literal.value);
      Advance(literal.length);
      return absl::OkStatus();
    }
    for (const std::string_view op : kOperators) {
      if (Sees(op)) {
        RETURN_IF_ERROR(Balance(op[0], open));
        return AddInner(TokenKind::kOperator, op.size());
      }
    }
    return SyntaxError(line_, absl::StrCat("'", std::string(rest().substr(0, CharLength(source_, at_))),
                                           "' is no part of an expression"));
  }

  absl::Status AddInner(TokenKind kind, size_t length) {
    Add(kind, rest().substr(0, length));
    Advance(length);
    return absl::OkStatus();
  }

  absl::Status Balance(char bracket, std::string& open) {
    if (bracket == '(' || bracket == '[' || bracket == '{') {
      open += bracket;
    } else if (bracket == ')' || bracket == ']' || bracket == '}') {
      const char wanted = bracket == ')' ? '(' : bracket == ']' ? '[' : '{';
      if (open.empty() || open.back() != wanted) {
        return SyntaxError(line_, absl::StrCat("'", std::string(1, bracket), "' closes no bracket"));
      }
      open.pop_back();
    }
    return absl::OkStatus();
  }

  absl::Status NumberToken() {
    const std::string_view text = rest();
    const auto digits_from = [&](size_t at) {
      while (at < text.size() && (absl::ascii_isdigit(text[at]) || text[at] == '_')) ++at;
      return at;
    };
    const auto has_digit = [&](size_t at) { return at < text.size() && absl::ascii_isdigit(text[at]); };
    size_t end = digits_from(0);
    bool is_float = false;
    if (end < text.size() && text[end] == '.' && has_digit(end + 1)) {
      is_float = true;
      end = digits_from(end + 1);
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      const size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
      if (has_digit(end + 1 + sign)) {
        is_float = true;
        end = digits_from(end + 1 + sign);
      }
    }
    Add(is_float ? TokenKind::kFloat : TokenKind::kInteger,
        absl::StrReplaceAll(std::string(text.substr(0, end)), {{"_", ""}}));
    Advance(end);
    return absl::OkStatus();
  }

  const std::string source_;
  size_t at_ = 0;
  int line_ = 1;
  bool begins_line_ = true;  // The text that follows stands at the beginning of a line.
  std::vector<Token> tokens_;
};

}  // namespace

absl::Status SyntaxError(int line, std::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", std::string(message)));
}

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the template has ", source.size(), " bytes; at most ",
                                                   kMaxSourceBytes, " were wanted"));
  }
  std::string text = absl::StrReplaceAll(std::string(source), {{"\r\n", "\n"}, {"\r", "\n"}});
  if (text.ends_with('\n')) {
    text.pop_back();
  }
  return Lexer(std::move(text)).Run();
}

}  // namespace bitnet::jinja

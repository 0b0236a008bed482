// Joins token bytes into text without ever splitting a character.
#pragma once

#include <string>
#include <string_view>

namespace bitnet {

// Feed it byte pieces in order; it gives back complete UTF-8 and keeps the bytes of an unfinished character
// (at most 3) for later. Bytes that can never become a character are replaced by U+FFFD, one per maximal
// invalid part, as the Unicode standard recommends (section 3.9) and as WHATWG decoders do.
class Utf8Stream {
 public:
  // Text completed by `bytes`.
  std::string Append(std::string_view bytes);
  // What is still held, as U+FFFD if it is an unfinished character; then empty again.
  std::string Flush();
  bool empty() const { return pending_.empty(); }

 private:
  std::string pending_;
};

// The text of `bytes` alone, as a stream of just them gives it.
std::string ToUtf8(std::string_view bytes);

}  // namespace bitnet

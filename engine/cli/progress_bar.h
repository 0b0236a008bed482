// How far a long piece of work is, for whoever looks at stderr.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace bitnet {

// On a terminal one line that is drawn over, ten times a second at most; elsewhere a line for every tenth of
// the work. Finish with Clear(), before anything else is printed.
class ProgressBar {
 public:
  // `fd` is written to.
  ProgressBar(int fd, bool is_terminal) : fd_(fd), is_terminal_(is_terminal) {}

  // `done` and `total` are bytes; `what` is what is being worked on.
  void Show(std::string_view stage, std::string_view what, uint64_t done, uint64_t total, absl::Time now);
  // Takes the line away.
  void Clear();

  // The line without what draws it: "writing [####......]  42 %  1.2 GB/s  blk.3.ffn_up.weight".
  static std::string Line(std::string_view stage, std::string_view what, uint64_t done, uint64_t total,
                          absl::Duration elapsed);

 private:
  void Write(const std::string& text) const;

  int fd_;
  bool is_terminal_;
  std::string stage_;  // Of the last call.
  absl::Time stage_began_;
  absl::Time drawn_ = absl::InfinitePast();
  int tenths_ = 0;  // Of this stage, that lines were printed for.
};

}  // namespace bitnet

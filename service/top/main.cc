// bitnet-top: what a front and its workers are doing, in a terminal.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/version.h"
#include "service/top/fetch.h"
#include "service/top/screen.h"

namespace {

volatile std::sig_atomic_t g_stop = 0;

struct Options {
  std::string address = "127.0.0.1:8080";
  std::string token_file;
  double interval = 1;
  bool once = false;
};

// "" without a file.
absl::StatusOr<std::string> ReadToken(const std::string& file) {
  std::string token;
  if (!file.empty() && !(std::ifstream(file) >> token)) {
    return absl::NotFoundError(absl::StrCat("there is no token in ", file));
  }
  return token;
}

// The other screen of the terminal, which leaves the first one as it was.
class OtherScreen {
 public:
  explicit OtherScreen(bool on) : on_(on) { Write("\x1b[?1049h\x1b[?25l"); }
  OtherScreen(const OtherScreen&) = delete;
  OtherScreen& operator=(const OtherScreen&) = delete;
  ~OtherScreen() { Write("\x1b[?25h\x1b[?1049l"); }

 private:
  void Write(const char* text) const {
    if (on_) {
      std::fputs(text, stdout);
      std::fflush(stdout);
    }
  }
  const bool on_;
};

void Show(const std::vector<std::string>& lines, bool in_place) {
  // Each line is cleared behind its end, and the screen behind the last one, so that nothing flickers.
  const char* const begin = in_place ? "\x1b[H" : "";
  const char* const end = in_place ? "\x1b[K\n" : "\n";
  std::fputs(absl::StrCat(begin, absl::StrJoin(lines, end), end, in_place ? "\x1b[J" : "").c_str(), stdout);
  std::fflush(stdout);
}

absl::StatusOr<bitnet::Snapshot> Look(const Options& options, const std::string& token) {
  absl::StatusOr<std::string> text =
      bitnet::Fetch(options.address, "/metrics", token, absl::Seconds(options.interval) + absl::Seconds(5));
  if (!text.ok()) {
    return text.status();
  }
  return bitnet::Snapshot{.time = absl::Now(), .page = bitnet::Exposition::Parse(*text)};
}

absl::Status Run(const Options& options) {
  const absl::StatusOr<std::string> token = ReadToken(options.token_file);
  if (!token.ok()) {
    return token.status();
  }
  absl::StatusOr<bitnet::Snapshot> last = Look(options, *token);
  if (!last.ok()) {
    return last.status();
  }
  const bool in_place = !options.once && isatty(STDOUT_FILENO) == 1;
  const OtherScreen screen(in_place);
  do {
    usleep(static_cast<useconds_t>(options.interval * 1e6));
    absl::StatusOr<bitnet::Snapshot> next = Look(options, *token);
    if (next.ok()) {
      Show(bitnet::Screen(*last, *next), in_place);
      last = std::move(next);
    } else if (options.once) {
      return next.status();
    } else {
      Show({std::string(next.status().message())}, in_place);
    }
  } while (!options.once && g_stop == 0);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Shows what bitnet-front and its workers are doing: tokens per second, latencies, caches, watts.");
  Options options;
  app.set_version_flag("--version", std::string("bitnet-top ") + std::string(bitnet::Version()));
  app.option_defaults()->always_capture_default();
  app.add_option("address", options.address, "The front's HTTP address, HOST:PORT");
  app.add_option("--token-file", options.token_file, "File with the token, where /metrics wants one");
  app.add_option("--interval", options.interval, "Seconds between two looks")->check(CLI::Range(0.1, 3600.0));
  app.add_flag("--once", options.once, "Print one interval and leave; also what to use in a script");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 64;  // EX_USAGE.
  }
  std::signal(SIGINT, [](int) { g_stop = 1; });
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  if (const absl::Status status = Run(options); !status.ok()) {
    std::fprintf(stderr, "bitnet-top: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}

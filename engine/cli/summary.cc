#include "engine/cli/summary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// "35.1 tokens/s", or "-" when there is nothing to divide.
std::string Rate(int tokens, absl::Duration time) {
  const double seconds = absl::ToDoubleSeconds(time);
  return tokens > 0 && seconds > 0 ? absl::StrFormat("%.1f tokens/s", tokens / seconds) : "-";
}

std::string_view EndInWords(AnswerEnd end) {
  switch (end) {
    case AnswerEnd::kEndToken:
      return "ended by the model";
    case AnswerEnd::kStopString:
      return "ended by a stop string";
    case AnswerEnd::kLength:
      return "ended by its length";
    case AnswerEnd::kInterrupted:
      break;
  }
  return "interrupted";
}

// The first token comes out of the prefill; decoding made the others.
int DecodedTokens(const GenerationUsage& usage) {
  return usage.generated_tokens > 0 ? usage.generated_tokens - 1 : 0;
}

}  // namespace

std::string AnswerSummary(const Answer& answer) {
  return absl::StrFormat("%d tokens at %s, %s", answer.usage.generated_tokens,
                         Rate(DecodedTokens(answer.usage), answer.usage.decode_time), EndInWords(answer.end));
}

std::string RunSummary(const Engine& engine, const Answer& answer, absl::Duration load,
                       absl::Duration total) {
  const GenerationUsage& usage = answer.usage;
  std::string out;
  const auto line = [&](std::string_view what, absl::Duration time, const std::string& rest) {
    absl::StrAppendFormat(&out, "%-8s%9.3f s   %s\n", what, absl::ToDoubleSeconds(time), rest);
  };
  line("load", load,
       absl::StrFormat("%.1f MiB, %.1f million weights", static_cast<double>(engine.file_bytes()) / (1 << 20),
                       static_cast<double>(engine.num_parameters()) / 1e6));
  line("prefill", usage.prefill_time,
       absl::StrFormat("%d tokens, %s", usage.prompt_tokens, Rate(usage.prompt_tokens, usage.prefill_time)));
  line("decode", usage.decode_time,
       absl::StrFormat("%d tokens, %s, %s", usage.generated_tokens,
                       Rate(DecodedTokens(usage), usage.decode_time), EndInWords(answer.end)));
  if (usage.drafted_tokens > 0) {
    absl::StrAppendFormat(&out, "%-8s%11s   %d tokens, %d of them right\n", "guessed", "",
                          usage.drafted_tokens, usage.accepted_tokens);
  }
  if (const ScreeningStats head = engine.stats().screening; head.positions > 0) {
    const double rows = static_cast<double>(head.rows) / static_cast<double>(head.positions);
    absl::StrAppendFormat(&out, "%-8s%11s   %.1f of %d rows read for a token, %.2f %%\n", "head", "", rows,
                          engine.config().vocab_size,
                          100 * rows / static_cast<double>(engine.config().vocab_size));
  }
  if (const auto density = MeanDensity(engine.stats().density, engine.config().ffn_dim)) {
    absl::StrAppendFormat(&out, "%-8s%11s   %.1f %% of the rows of up and %.1f %% of the columns of down\n",
                          "needed", "", 100 * density->rows, 100 * density->columns);
  }
  line("total", total, absl::StrFormat("%d threads, %s", engine.num_threads(), engine.isa()));
  return out;
}

}  // namespace bitnet

#include "engine/c_api/answer_reader.h"

#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

bitnet_finish FinishOf(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEndToken:
      return BITNET_FINISH_END;
    case FinishReason::kLength:
      return BITNET_FINISH_LENGTH;
    case FinishReason::kDeadEnd:
      return BITNET_FINISH_DEAD_END;
    case FinishReason::kCancelled:
    case FinishReason::kEmbedded:
      break;
  }
  return BITNET_FINISH_CANCELLED;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AnswerReader>> AnswerReader::Create(std::shared_ptr<Engine> engine,
                                                                   AnswerRequest request) {
  std::unique_ptr<AnswerReader> reader(new AnswerReader(std::move(engine), std::move(request.stops)));
  absl::StatusOr<GenerationId> id = reader->engine_->Submit(std::move(request.generation), &reader->events_);
  if (!id.ok()) {
    reader->finish_ = BITNET_FINISH_CANCELLED;  // It never began: there is no end to wait for.
    return std::move(id).status();
  }
  reader->id_ = *id;
  return reader;
}

AnswerReader::~AnswerReader() {
  if (finish_ != BITNET_UNFINISHED) {
    return;
  }
  Cancel();
  while (!std::holds_alternative<AnswerSink::Finished>(*events_.Pop(absl::InfiniteDuration()))) {
  }
}

absl::Status AnswerReader::Next(absl::Duration timeout, bitnet_event& event) {
  event = {};
  event.struct_size = sizeof(event);
  piece_.clear();
  const absl::Time deadline = absl::Now() + timeout;
  while (finish_ == BITNET_UNFINISHED) {
    std::optional<AnswerSink::Event> next = events_.Pop(deadline - absl::Now());
    if (!next.has_value()) {
      return absl::DeadlineExceededError(
          absl::StrFormat("no token came within %s", absl::FormatDuration(timeout)));
    }
    if (const auto* finished = std::get_if<AnswerSink::Finished>(&*next)) {
      ReadEnd(*finished);
    } else if (!text_.stopped()) {  // What was chosen behind a stop text is none of the answer.
      ReadToken(std::get<AnswerSink::Token>(*std::move(next)), event);
      return absl::OkStatus();
    }
  }
  DescribeEnd(event);
  return absl::OkStatus();
}

void AnswerReader::ReadToken(AnswerSink::Token token, bitnet_event& event) {
  const GeneratedToken& generated = token.token;
  piece_ = text_.Append(engine_->tokenizer().TokenBytes(generated.id));
  if (text_.stopped()) {
    Cancel();
  }
  logits_ = std::move(token.logits);
  top_logprobs_.clear();
  for (const TokenLogprob& alternative : generated.alternatives) {
    top_logprobs_.push_back({alternative.id, alternative.logprob});
  }
  event.token = generated.id;
  event.index = num_tokens_++;
  event.logprob = generated.logprob.value_or(0);
  event.text = piece_.c_str();
  event.text_bytes = piece_.size();
  event.top_logprobs = top_logprobs_.data();
  event.num_top_logprobs = top_logprobs_.size();
  event.logits = logits_.empty() ? nullptr : logits_.data();
  event.num_logits = logits_.size();
}

void AnswerReader::ReadEnd(const AnswerSink::Finished& finished) {
  piece_ = text_.Finish();
  // The last token may have completed a stop text with an unfinished character, which is text only now.
  finish_ = text_.stopped() ? BITNET_FINISH_STOP : FinishOf(finished.reason);
  usage_ = finished.usage;
}

void AnswerReader::DescribeEnd(bitnet_event& event) const {
  event.finish = finish_;
  event.token = -1;
  event.index = num_tokens_;
  event.text = piece_.c_str();
  event.text_bytes = piece_.size();
}

}  // namespace bitnet

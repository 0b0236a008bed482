#include "service/openai/completions.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "service/errors/error_details.h"
#include "service/http/answer_feed.h"
#include "service/openai/chat_request.h"
#include "service/openai/choice.h"
#include "service/openai/completion_request.h"
#include "service/openai/error.h"
#include "service/openai/models.h"
#include "service/openai/usage.h"
#include "service/rpc/make_answer.h"

// GCC 12 inlines the frame's operator new of Asio and not its operator delete, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace bitnet::openai {
namespace {

using boost::asio::awaitable;

// What the two kinds differ in beside their choices.
struct Kind {
  const char* method;  // As metrics count it.
  const char* id_prefix;
  const char* object;
  const char* chunk_object;
};

constexpr Kind kChat = {"ChatCompletions", "chatcmpl-", "chat.completion", "chat.completion.chunk"};
constexpr Kind kText = {"Completions", "cmpl-", "text_completion", "text_completion"};

std::string Event(const Json& json) { return absl::StrCat("data: ", Dump(json), "\n\n"); }

// All answers to one request, on their way to its client.
class Completions {
 public:
  Completions(const Kind& kind, CompletionRequest request, HttpExchange& exchange, const Serving& serving)
      : kind_(kind), request_(std::move(request)), exchange_(exchange), serving_(serving) {}

  awaitable<void> Run() {
    if (absl::Status status = Start(); !status.ok()) {
      co_await exchange_.Send(Error(status));
      co_return;
    }
    exchange_.WatchClient();
    if (request_.stream) {
      co_await Stream();
    } else {
      co_await Collect();
    }
  }

 private:
  struct Part {
    bool counts_prompt;  // The first one of several to the same.
    std::unique_ptr<Choice> choice;
    std::unique_ptr<AnswerFeed> feed;
    bool begun = false;
    bool finished = false;
  };

  absl::Status Start() {
    for (size_t i = 0; i < request_.prompts.size(); ++i) {
      for (int j = 0; j < request_.n; ++j) {
        v1::GenerateRequest request = request_.prompts[i];
        if (request.sampling().has_seed()) {
          request.mutable_sampling()->set_seed(request.sampling().seed() + static_cast<uint64_t>(j));
        }
        ResolveModel(serving_, request);
        absl::StatusOr<std::shared_ptr<AnswerSession>> answer =
            MakeAnswer(std::move(request), exchange_.header("Authorization"), exchange_.peer(), serving_);
        if (!answer.ok()) {
          serving_.metrics.CountRefusal(kind_.method, answer.status());
          return answer.status();
        }
        parts_.push_back(
            {.counts_prompt = j == 0,
             .choice = MakeChoice(i),
             .feed = std::make_unique<AnswerFeed>(kind_.method, *std::move(answer), exchange_.wakeup())});
      }
    }
    return absl::OkStatus();
  }

  std::unique_ptr<Choice> MakeChoice(size_t prompt) const {
    const int index = static_cast<int>(parts_.size());
    return &kind_ == &kChat
               ? MakeChatChoice(request_, index)
               : MakeTextChoice(request_, index, request_.echo ? request_.prompts[prompt].text() : "");
  }

  // Takes what has come, to `chunks` in a stream; an error is the end of all.
  absl::Status Take(std::vector<Json>& chunks) {
    for (Part& part : parts_) {
      while (std::optional<v1::GenerateResponse> event = part.feed->Next()) {
        for (Json& chunk : Handle(part, *event)) {
          chunks.push_back(std::move(chunk));
        }
      }
      if (const std::optional<absl::Status> end = part.feed->end(); end.has_value() && !end->ok()) {
        return WithRequestId(*end, part.feed->request_id());
      }
    }
    return absl::OkStatus();
  }

  std::vector<Json> Handle(Part& part, const v1::GenerateResponse& event) {
    switch (event.event_case()) {
      case v1::GenerateResponse::kStarted:
        model_ = event.started().model();
        part.begun = true;
        return part.choice->Begin();
      case v1::GenerateResponse::kDelta:
        return part.choice->Add(event.delta());
      case v1::GenerateResponse::kFinished:
        part.finished = true;
        ++finished_;
        usage_.Add(event.finished().usage(), part.counts_prompt);
        return part.choice->Finish(event.finished());
      default:
        return {};
    }
  }

  bool complete() const { return finished_ == parts_.size(); }

  awaitable<void> Collect() {
    std::vector<Json> none;
    for (;;) {
      if (const absl::Status status = Take(none); !status.ok()) {
        co_await exchange_.Send(Error(status));
        co_return;
      }
      if (complete() || exchange_.client_gone()) {
        break;
      }
      co_await exchange_.Wait(absl::InfiniteDuration());
    }
    Json choices = Json::array();
    for (const Part& part : parts_) {
      choices.push_back(part.choice->Whole());
    }
    Json whole = Envelope(kind_.object, std::move(choices));
    whole["usage"] = usage_.ToJson();
    HttpAnswer answer = JsonAnswer(whole);
    answer.headers = Headers();
    co_await exchange_.Send(std::move(answer));
  }

  awaitable<void> Stream() {
    while (!complete() && !exchange_.client_gone()) {
      std::vector<Json> chunks;
      const absl::Status status = Take(chunks);
      if (!status.ok() && !streaming_) {
        co_await exchange_.Send(Error(status));
        co_return;
      }
      std::string lines = Events(std::move(chunks));
      if (!status.ok()) {
        absl::StrAppend(&lines, Event(ErrorJson(status)));
        co_await Write(std::move(lines));
        co_await exchange_.EndEvents();
        co_return;
      }
      if (complete()) {
        lines += LastEvents();
      } else if (lines.empty()) {
        lines = Beat();
      }
      if (!lines.empty()) {
        co_await Write(std::move(lines));
      } else {
        co_await exchange_.Wait(TimeToBeat());
      }
    }
    co_await exchange_.EndEvents();
  }

  std::string Events(std::vector<Json> chunks) {
    std::string lines;
    for (Json& chunk : chunks) {
      Json event = Envelope(kind_.chunk_object, Json::array({std::move(chunk)}));
      if (request_.include_usage) {
        event["usage"] = nullptr;
      }
      lines += Event(event);
    }
    return lines;
  }

  std::string LastEvents() {
    std::string lines;
    if (request_.include_usage) {
      Json event = Envelope(kind_.chunk_object, Json::array());
      event["usage"] = usage_.ToJson();
      lines += Event(event);
    }
    return lines + "data: [DONE]\n\n";
  }

  // A comment, if nothing was written for long and all is well.
  std::string Beat() {
    if (TimeToBeat() > absl::ZeroDuration()) {
      return "";
    }
    last_write_ = absl::Now();  // Or the time of the try.
    const std::optional<v1::Waiting> waiting = parts_.front().feed->Waiting(last_write_);
    return waiting.has_value() ? absl::StrFormat(": waiting for %.0f s\n\n", waiting->seconds()) : "";
  }

  absl::Duration TimeToBeat() const {
    const absl::Duration heartbeat = serving_.call_times.heartbeat;
    return heartbeat > absl::ZeroDuration() ? last_write_ + heartbeat - absl::Now()
                                            : absl::InfiniteDuration();
  }

  awaitable<void> Write(std::string lines) {
    if (!streaming_) {
      streaming_ = true;
      co_await exchange_.BeginEvents(Headers());
    }
    co_await exchange_.SendEvents(std::move(lines));
    last_write_ = absl::Now();
  }

  Json Envelope(const char* object, Json choices) const {
    const std::string& asked = request_.prompts.front().model();
    return {{"id", absl::StrCat(kind_.id_prefix, parts_.front().feed->request_id())},
            {"object", object},
            {"created", absl::ToUnixSeconds(created_)},
            {"model", asked.empty() ? model_ : asked},
            {"choices", std::move(choices)}};
  }

  HttpHeaders Headers() const { return {{"X-Request-Id", parts_.front().feed->request_id()}}; }

  HttpAnswer Error(const absl::Status& status) const {
    HttpAnswer answer = ErrorAnswer(serving_.admission.WithRetry(status));
    if (!parts_.empty()) {
      answer.headers.emplace_back("X-Request-Id", parts_.front().feed->request_id());
    }
    return answer;
  }

  const Kind& kind_;
  const CompletionRequest request_;
  HttpExchange& exchange_;
  const Serving& serving_;
  const absl::Time created_ = absl::Now();
  std::vector<Part> parts_;
  std::string model_;
  UsageSum usage_;
  size_t finished_ = 0;
  bool streaming_ = false;  // The first event has been written.
  absl::Time last_write_ = created_;
};

awaitable<void> Answer(const Kind& kind, absl::StatusOr<CompletionRequest> request, HttpExchange& exchange,
                       const Serving& serving) {
  if (!request.ok()) {
    serving.metrics.CountRefusal(kind.method, request.status());
    co_await exchange.Send(ErrorAnswer(request.status()));
    co_return;
  }
  Completions completions(kind, *std::move(request), exchange, serving);
  co_await completions.Run();
}

}  // namespace

awaitable<void> AnswerChat(HttpExchange& exchange, const Json& body, const Serving& serving) {
  return Answer(kChat, ReadChatRequest(body), exchange, serving);
}

awaitable<void> AnswerCompletion(HttpExchange& exchange, const Json& body, const Serving& serving) {
  return Answer(kText, ReadCompletionRequest(body), exchange, serving);
}

}  // namespace bitnet::openai

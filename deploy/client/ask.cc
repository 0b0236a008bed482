// bitnet-ask: one question to a running server, its answer as it comes.
#include <grpcpp/create_channel.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/version.h"
#include "proto/bitnet/v1/inference.grpc.pb.h"
#include "proto/status_mapping.h"

namespace bitnet {
namespace {

constexpr int kExitFailed = 1;

struct AskFlags {
  std::string address = "127.0.0.1:50051";
  std::string prompt;
  bool raw = false;
  uint32_t max_tokens = 256;
  std::optional<float> temperature;
  std::optional<uint64_t> seed;
  double deadline_seconds = 60;
};

v1::GenerateRequest MakeRequest(const AskFlags& flags) {
  v1::GenerateRequest request;
  if (flags.raw) {
    request.set_text(flags.prompt);
  } else {
    v1::ChatMessage* message = request.mutable_messages()->add_messages();
    message->set_role(v1::ROLE_USER);
    message->set_content(flags.prompt);
  }
  request.set_max_tokens(flags.max_tokens);
  if (flags.temperature) request.mutable_sampling()->set_temperature(*flags.temperature);
  if (flags.seed) request.mutable_sampling()->set_seed(*flags.seed);
  request.set_priority(v1::PRIORITY_INTERACTIVE);
  return request;
}

void PrintSummary(const v1::Finished& finished, absl::Duration first_text, absl::Duration total) {
  const v1::Usage& usage = finished.usage();
  const double steps = usage.generated_tokens() - 1.0;  // The first token came from the prefill.
  const std::string rate = steps > 0 && usage.decode_seconds() > 0
                               ? absl::StrFormat(", %.0f tokens/s", steps / usage.decode_seconds())
                               : "";
  const std::string first =
      first_text == absl::InfiniteDuration()
          ? ""
          : absl::StrFormat(", first text after %.0f ms", absl::ToDoubleMilliseconds(first_text));
  std::cerr << absl::StrFormat(
      "[%d prompt + %d generated tokens%s%s, %.2f s in all%s]\n", usage.prompt_tokens(),
      usage.generated_tokens(), first, rate, absl::ToDoubleSeconds(total),
      finished.reason() == v1::FINISH_REASON_LENGTH ? ", cut at the length limit" : "");
}

absl::Status Ask(const AskFlags& flags) {
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel(flags.address, grpc::InsecureChannelCredentials());
  const std::unique_ptr<v1::InferenceService::Stub> stub = v1::InferenceService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(flags.deadline_seconds)));

  const absl::Time start = absl::Now();
  absl::Duration first_text = absl::InfiniteDuration();
  std::optional<v1::Finished> finished;
  const std::unique_ptr<grpc::ClientReader<v1::GenerateResponse>> reader =
      stub->Generate(&context, MakeRequest(flags));
  v1::GenerateResponse response;
  while (reader->Read(&response)) {
    if (response.has_delta() && !response.delta().text().empty()) {
      if (first_text == absl::InfiniteDuration()) first_text = absl::Now() - start;
      std::cout << response.delta().text() << std::flush;
    } else if (response.has_finished()) {
      finished = response.finished();
    }
  }
  if (first_text != absl::InfiniteDuration()) {
    std::cout << std::endl;
  }
  if (absl::Status status = FromGrpcStatus(reader->Finish()); !status.ok()) {
    return status;
  }
  if (!finished) {
    return absl::InternalError("the stream ended without `finished`");
  }
  PrintSummary(*finished, first_text, absl::Now() - start);
  return absl::OkStatus();
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) {
  bitnet::AskFlags flags;
  CLI::App app("Asks a running bitnet-front; the answer goes to stdout as it comes, a summary to stderr.");
  app.set_version_flag("--version", "bitnet-ask " + std::string(bitnet::Version()));
  app.add_option("--address", flags.address, "Server, as HOST:PORT or unix:PATH")->capture_default_str();
  app.add_option("--prompt,prompt", flags.prompt, "What to ask")->required();
  app.add_flag("--raw", flags.raw, "Continue the prompt as it is, without the chat format");
  app.add_option("--max-tokens", flags.max_tokens, "Longest answer")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--temp", flags.temperature, "Temperature; 0 takes the likeliest token (default)")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--seed", flags.seed, "Of sampling; drawn by the server if not given");
  app.add_option("--deadline", flags.deadline_seconds, "Seconds for the whole answer")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  if (const absl::Status status = bitnet::Ask(flags); !status.ok()) {
    std::cerr << "bitnet-ask: " << flags.address << ": " << status << "\n";
    return bitnet::kExitFailed;
  }
  return 0;
}

// A worker process without an engine. It speaks the real WorkerService, and requests tell it what to do.
//
// --model says how it starts: "good"; "exit:3"; "exit:78:why"; "stubborn" (ready, and deaf to SIGTERM);
// "frozen" (stops before it is ready);
// "lingers" (at SIGTERM it says that it is stopping, and leaves when no call runs any more).
// Tokens are bytes, so a prompt's text arrives as it was sent; it is a list of commands separated by ";":
//   say:He|llo       one token for each piece; C escapes for bytes that are not UTF-8. The request's
//   `generated`
//                    tokens are passed over, and the call fails if they are not the script's
//   burst:He|llo     the same, but all of them in one message
//   hang             wait until the call is cancelled
//   await-cancels:2  wait until that many calls have been cancelled
//   await-file:/a/b  wait until there is such a file
//   die              end the process as by kill -9
//   freeze           stop the process as by kill -STOP
//   leave            send the process SIGTERM, and wait until the call is cancelled
//   unadmitted       first of all: the call gets no slot
//   unaccepted       first of all: nor is it taken into a queue
//   flood:300        so many tokens of a kilobyte each
//   on:2:die         a command that only the second attempt follows
//   fail:3:why       end the call with this status
//   prefilled:2.5    tell at the end that the prompt took so many seconds
//   joules:2.5       from here on the attempt has taken so many, by a counter called "fake package"
//   file             one token for each piece of the second line of the file that --model names
// Where an embedding is wanted it has three numbers: v1::Pooling, how many tokens there are, the first token.
// Such a file says in its first line how the worker starts, and is its fingerprint.
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file_identity.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/bitnet/worker/v1/worker.grpc.pb.h"

namespace bitnet {
namespace {

constexpr uint32_t kVocabSize = 256;
constexpr uint32_t kContextLength = 1000;
constexpr uint32_t kHiddenDim = 3;

std::atomic<bool> g_stopping = false;  // SIGTERM has come; "lingers" does not leave.

int ToInt(absl::string_view text) {
  int value = 0;
  static_cast<void>(absl::SimpleAtoi(text, &value));
  return value;
}

uint32_t IdOf(const std::string& piece) { return piece.empty() ? 7 : static_cast<unsigned char>(piece[0]); }

std::vector<std::string> PiecesOf(const std::string& command, const std::string& argument) {
  if (command == "flood") {
    return std::vector<std::string>(static_cast<size_t>(ToInt(argument)), std::string(1024, 'f'));
  }
  std::vector<std::string> pieces;
  for (const absl::string_view escaped : absl::StrSplit(argument, '|')) {
    absl::CUnescape(escaped, &pieces.emplace_back());
  }
  return pieces;
}

// What --model names, if it is there.
struct File {
  std::string start;        // As the first line says,
  std::string text;         // and the second.
  std::string fingerprint;  // "" if it is not there.
};

File ReadFile(const std::string& path) {
  File file;
  if (std::ifstream stream(path); stream) {
    std::getline(stream, file.start);
    std::getline(stream, file.text);
    file.fingerprint = FileIdentity(path).value_or("");
  } else {
    file.start = path;
  }
  return file;
}

class FakeWorker final : public worker::v1::WorkerService::Service {
 public:
  explicit FakeWorker(File file) : file_(std::move(file)) {}

  grpc::Status Generate(grpc::ServerContext* context, const worker::v1::GenerateRequest* request,
                        grpc::ServerWriter<worker::v1::GenerateResponse>* writer) override {
    const Running running(this);
    if (g_stopping) {
      return {grpc::StatusCode::UNAVAILABLE, "the worker is stopping"};
    }
    const std::string script(request->prompt().begin(), request->prompt().end());
    if (!absl::StartsWith(script, "unaccepted")) {
      writer->SendInitialMetadata();
    }
    if (!absl::StartsWith(script, "una")) {
      worker::v1::GenerateResponse event;
      event.mutable_admitted()->set_attempt(request->attempt());
      writer->Write(event);
    }
    int index = 0;
    double prefill_seconds = 0;
    v1::Energy energy;  // Without a source: not counted.
    for (absl::string_view command : absl::StrSplit(script, ';')) {
      if (absl::ConsumePrefix(&command, "on:")) {
        const std::vector<absl::string_view> parts = absl::StrSplit(command, absl::MaxSplits(':', 1));
        if (static_cast<uint32_t>(ToInt(parts[0])) != request->attempt()) {
          continue;
        }
        command = parts[1];
      }
      const std::vector<std::string> words = absl::StrSplit(command, absl::MaxSplits(':', 1));
      const std::string argument = words.size() > 1 ? words[1] : "";
      if (words[0] == "say" || words[0] == "burst" || words[0] == "flood" || words[0] == "file") {
        worker::v1::GenerateResponse event;
        event.mutable_tokens()->set_attempt(request->attempt());
        if (!energy.source().empty()) {
          *event.mutable_tokens()->mutable_energy() = energy;
        }
        for (const std::string& piece : PiecesOf(words[0], words[0] == "file" ? file_.text : argument)) {
          const int at = index++;
          if (at < request->generated_size()) {
            if (request->generated(at) != IdOf(piece)) {
              return {grpc::StatusCode::INVALID_ARGUMENT, absl::StrCat("generated[", at, "] is wrong")};
            }
            continue;
          }
          worker::v1::GeneratedToken& token = *event.mutable_tokens()->add_tokens();
          token.mutable_token()->set_index(static_cast<uint32_t>(at));
          token.mutable_token()->set_id(IdOf(piece));
          token.set_text(piece);
          ++steps_;
          if (words[0] != "burst") {
            writer->Write(event);
            event.mutable_tokens()->clear_tokens();
          }
        }
        if (event.tokens().tokens_size() > 0) {
          writer->Write(event);
        }
      } else if (words[0] == "hang") {
        AwaitCancels(context, 1 << 30);
      } else if (words[0] == "await-cancels") {
        AwaitCancels(context, ToInt(argument));
      } else if (words[0] == "await-file") {
        Await(context, [&argument] { return access(argument.c_str(), F_OK) == 0; });
      } else if (words[0] == "die") {
        kill(getpid(), SIGKILL);
      } else if (words[0] == "freeze") {
        kill(getpid(), SIGSTOP);
        AwaitCancels(context, 1 << 30);  // Other threads may be stopped before this one.
      } else if (words[0] == "leave") {
        kill(getpid(), SIGTERM);
        AwaitCancels(context, 1 << 30);
      } else if (words[0] == "prefilled") {
        static_cast<void>(absl::SimpleAtod(argument, &prefill_seconds));
      } else if (words[0] == "joules") {
        double joules = 0;
        static_cast<void>(absl::SimpleAtod(argument, &joules));
        energy.set_joules(joules);
        energy.set_source("fake");
        energy.set_scope("package");
      } else if (words[0] == "fail") {
        const std::vector<std::string> status = absl::StrSplit(argument, ':');
        return {static_cast<grpc::StatusCode>(ToInt(status[0])), status[1]};
      }
      if (context->IsCancelled()) {
        const absl::MutexLock lock(&mutex_);
        ++cancels_;
        return grpc::Status::CANCELLED;
      }
    }
    worker::v1::GenerateResponse event;
    if (request->has_embed()) {
      event.mutable_embedding()->set_attempt(request->attempt());
      for (const uint32_t value : {static_cast<uint32_t>(request->embed()),
                                   static_cast<uint32_t>(request->prompt_size()), request->prompt(0)}) {
        event.mutable_embedding()->mutable_embedding()->add_values(static_cast<float>(value));
      }
      writer->Write(event);
    }
    event.mutable_finished()->set_attempt(request->attempt());
    event.mutable_finished()->set_reason(v1::FINISH_REASON_END_TOKEN);
    event.mutable_finished()->mutable_usage()->set_prompt_tokens(
        static_cast<uint32_t>(request->prompt_size()));
    event.mutable_finished()->mutable_usage()->set_generated_tokens(static_cast<uint32_t>(index));
    event.mutable_finished()->mutable_usage()->set_prefill_seconds(prefill_seconds);
    if (!energy.source().empty()) {
      *event.mutable_finished()->mutable_usage()->mutable_energy() = energy;
    }
    writer->Write(event);
    return grpc::Status::OK;
  }

  grpc::Status Tokenize(grpc::ServerContext* /*context*/, const v1::TokenizeRequest* request,
                        v1::TokenizeResponse* response) override {
    for (const char byte :
         request->has_messages() ? request->messages().messages(0).content() : request->text()) {
      response->add_ids(static_cast<unsigned char>(byte));
      response->add_pieces(std::string(1, byte));
    }
    return grpc::Status::OK;
  }

  grpc::Status Detokenize(grpc::ServerContext* /*context*/, const v1::DetokenizeRequest* request,
                          worker::v1::DetokenizeResponse* response) override {
    response->set_bytes(std::string(request->ids().begin(), request->ids().end()));
    return grpc::Status::OK;
  }

  grpc::Status GetModel(grpc::ServerContext* /*context*/, const worker::v1::GetModelRequest* /*request*/,
                        v1::Model* response) override {
    response->set_name("fake");
    response->set_vocab_size(kVocabSize);
    response->set_context_length(kContextLength);
    response->set_hidden_dim(kHiddenDim);
    response->set_fingerprint(file_.fingerprint);
    return grpc::Status::OK;
  }

  grpc::Status GetStatus(grpc::ServerContext* /*context*/, const worker::v1::GetStatusRequest* request,
                         worker::v1::WorkerStatus* response) override {
    response->set_sequence_limit(request->sequence_limit());
    response->set_threads(1);
    response->set_steps(steps_);
    response->set_running(static_cast<uint32_t>(running_));
    response->set_stopping(g_stopping);
    return grpc::Status::OK;
  }

  // Ends the process once it is stopping and no call runs. A signal handler cannot wake anyone, hence the
  // steps.
  [[noreturn]] void LeaveWhenTold() {
    for (;;) {
      if (g_stopping && running_ == 0) {
        std::_Exit(0);
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

 private:
  // Counts a call while it is there.
  struct Running {
    explicit Running(FakeWorker* fake) : worker(fake) { ++worker->running_; }
    ~Running() { --worker->running_; }
    FakeWorker* worker;
  };

  // The synchronous API tells of a cancellation only when it is asked, hence the steps.
  void AwaitCancels(grpc::ServerContext* context, int wanted) {
    Await(context, [this, wanted] {
      const absl::MutexLock lock(&mutex_);
      return cancels_ >= wanted;
    });
  }
  template <typename Condition>
  static void Await(grpc::ServerContext* context, Condition condition) {
    while (!context->IsCancelled() && !condition()) {
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  const File file_;
  absl::Mutex mutex_;
  int cancels_ = 0;
  std::atomic<int> running_ = 0;
  std::atomic<uint64_t> steps_ = 0;
};

// Has the adapters it is told to load, whatever their files; each start begins with those of its --adapter
// flag. A path of "refuse" is not loaded.
class FakeAdmin final : public v1::AdminService::Service {
 public:
  grpc::Status LoadAdapter(grpc::ServerContext* /*context*/, const v1::LoadAdapterRequest* request,
                           v1::Adapter* response) override {
    if (request->path() == "refuse") {
      return {grpc::StatusCode::DATA_LOSS, "refuse: is no adapter"};
    }
    const absl::MutexLock lock(&mutex_);
    response->set_name(request->name());
    response->set_path(request->path());
    response->set_bytes(100);
    *adapters_.add_adapters() = *response;
    return grpc::Status::OK;
  }
  grpc::Status UnloadAdapter(grpc::ServerContext* /*context*/, const v1::UnloadAdapterRequest* request,
                             v1::UnloadAdapterResponse* /*response*/) override {
    const absl::MutexLock lock(&mutex_);
    auto& list = *adapters_.mutable_adapters();
    list.erase(std::remove_if(list.begin(), list.end(),
                              [&](const v1::Adapter& adapter) { return adapter.name() == request->name(); }),
               list.end());
    return grpc::Status::OK;
  }
  grpc::Status ListAdapters(grpc::ServerContext* /*context*/, const v1::ListAdaptersRequest* /*request*/,
                            v1::ListAdaptersResponse* response) override {
    const absl::MutexLock lock(&mutex_);
    *response = adapters_;
    return grpc::Status::OK;
  }

  // NAME=PATH, or nothing.
  void Add(const std::string& flag) {
    const std::vector<std::string> parts = absl::StrSplit(flag, absl::MaxSplits('=', 1));
    if (parts.size() == 2) {
      v1::Adapter& adapter = *adapters_.add_adapters();
      adapter.set_name(parts[0]);
      adapter.set_path(parts[1]);
      adapter.set_bytes(100);
    }
  }

 private:
  absl::Mutex mutex_;
  v1::ListAdaptersResponse adapters_;
};

std::string Flag(int argc, char** argv, std::string_view name) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) {
      return argv[i + 1];
    }
  }
  return "";
}

void Tell(int fd, const std::string& line) { static_cast<void>(!write(fd, line.data(), line.size())); }

int Main(int argc, char** argv) {
  const int ready_fd = ToInt(Flag(argc, argv, "--ready-fd"));
  const int parent_fd = ToInt(Flag(argc, argv, "--parent-fd"));
  const File file = ReadFile(Flag(argc, argv, "--model"));
  const std::vector<std::string> start = absl::StrSplit(file.start, ':');
  if (start[0] == "exit") {
    if (start.size() > 2) {
      Tell(ready_fd, "FAILED " + start[2] + "\n");
    }
    return ToInt(start[1]);
  }
  if (start[0] == "stubborn") {
    signal(SIGTERM, SIG_IGN);
  }
  if (start[0] == "lingers") {
    signal(SIGTERM, [](int) { g_stopping = true; });
  }
  if (start[0] == "frozen") {
    kill(getpid(), SIGSTOP);
  }
  FakeWorker service(file);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + Flag(argc, argv, "--socket"), grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  FakeAdmin admin;
  admin.Add(Flag(argc, argv, "--adapter"));
  builder.RegisterService(&admin);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    return 1;
  }
  const std::thread leave([&service] { service.LeaveWhenTold(); });
  Tell(ready_fd, "READY\n");
  char byte;
  while (read(parent_fd, &byte, 1) > 0) {
  }
  std::_Exit(0);
}

}  // namespace
}  // namespace bitnet

int main(int argc, char** argv) { return bitnet::Main(argc, argv); }

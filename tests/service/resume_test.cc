// Answers that outlive the stream of the client that asked for them.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

v1::GenerateRequest Resumable(const std::string& script) {
  v1::GenerateRequest request = Prompt(script);
  request.set_resumable(true);
  return request;
}

// A client's call, which can break.
class Stream {
 public:
  Stream(v1::InferenceService::Stub& stub, const v1::GenerateRequest& request)
      : reader_(stub.Generate(&context_, request)) {}
  Stream(v1::InferenceService::Stub& stub, const std::string& request_id, uint32_t next_index) {
    v1::ResumeRequest request;
    request.set_request_id(request_id);
    request.set_next_index(next_index);
    reader_ = stub.Resume(&context_, request);
  }

  // Up to the token of this index; all that has come is in answer().
  void ReadTo(uint32_t index) {
    for (v1::GenerateResponse event; next_index_ <= index && reader_->Read(&event);) {
      answer_.events.push_back(event);
      for (const v1::Token& token : event.delta().tokens()) next_index_ = token.index() + 1;
    }
    EXPECT_GT(next_index_, index);
  }
  // With what has been read before.
  Answer ReadAll() {
    Answer rest = bitnet::ReadAll(std::move(reader_));
    answer_.events.insert(answer_.events.end(), rest.events.begin(), rest.events.end());
    answer_.status = rest.status;
    return answer_;
  }
  void Break() {
    context_.TryCancel();
    ReadAll();
  }
  const Answer& answer() const { return answer_; }
  const std::string& request_id() const { return answer_.events.at(0).started().request_id(); }
  uint32_t next_index() const { return next_index_; }

 private:
  grpc::ClientContext context_;
  Reader reader_;
  Answer answer_;
  uint32_t next_index_ = 0;
};

class ResumeTest : public FrontTest {
 protected:
  grpc::Status Cancel(const std::string& request_id) {
    grpc::ClientContext context;
    v1::CancelRequest request;
    request.set_request_id(request_id);
    v1::CancelResponse response;
    return stub_->Cancel(&context, request, &response);
  }
};

TEST_F(ResumeTest, GoesOnWithTheTokensThatTheClientDoesNotHave) {
  StartReady();
  Stream first(*stub_, Resumable("say:a|b;await-cancels:1;say:c|d"));
  first.ReadTo(1);
  first.Break();
  Stream other(*stub_, Prompt("say:x;hang"));  // What the first one waits for.
  other.ReadTo(0);
  Stream second(*stub_, first.request_id(), first.next_index());
  other.Break();
  const Answer answer = second.ReadAll();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_TRUE(answer.events.front().has_started());
  EXPECT_EQ(answer.events.front().started().request_id(), first.request_id());
  EXPECT_EQ(answer.text(), "cd");
  EXPECT_EQ(answer.num_tokens(), 2u);
  EXPECT_EQ(answer.finished().usage().generated_tokens(), 4u);
}

TEST_F(ResumeTest, ReplaysACompleteAnswerFromAnyToken) {
  StartReady();
  Stream first(*stub_, Resumable(R"(say:\xf0\x9f|\x98\x80|b|st)"));
  first.ReadAll();
  for (const auto& [next_index, text] : {std::pair(0u,
                                                   "\xf0\x9f\x98\x80"
                                                   "bst"),
                                         std::pair(2u, "bst"), std::pair(4u, "")}) {
    const Answer answer = Stream(*stub_, first.request_id(), next_index).ReadAll();
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.text(), text);
    EXPECT_EQ(answer.num_tokens(), 4 - next_index);
    EXPECT_EQ(answer.finished().reason(), v1::FINISH_REASON_END_TOKEN);
  }
}

TEST_F(ResumeTest, TextHeldBackToTheEndComesAgain) {
  StartReady();
  v1::GenerateRequest request = Resumable("say:a|st");
  request.add_stop("stop");
  Stream first(*stub_, request);
  const Answer whole = first.ReadAll();
  EXPECT_EQ(whole.text(), "ast");
  const Answer again = Stream(*stub_, first.request_id(), 2).ReadAll();
  EXPECT_EQ(again.text(), "st");
  EXPECT_EQ(again.num_tokens(), 0u);
}

TEST_F(ResumeTest, EndsAnAnswerForGoodIfToldTo) {
  StartReady();
  Stream first(*stub_, Resumable("say:a;hang"));
  first.ReadTo(0);
  first.Break();
  ASSERT_TRUE(Cancel(first.request_id()).ok());
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
  EXPECT_EQ(Stream(*stub_, first.request_id(), 0).ReadAll().status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Cancel(first.request_id()).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ResumeTest, TellsItsReaderThatItWasCancelled) {
  StartReady();
  Stream first(*stub_, Resumable("say:a;hang"));
  first.ReadTo(0);
  ASSERT_TRUE(Cancel(first.request_id()).ok());
  const grpc::Status status = first.ReadAll().status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(status.error_message(), "cancelled by its caller");
}

TEST_F(ResumeTest, ASecondReaderTakesOver) {
  StartReady();
  Stream first(*stub_, Resumable("say:a;hang"));
  first.ReadTo(0);
  Stream second(*stub_, first.request_id(), 0);
  second.ReadTo(0);
  EXPECT_EQ(first.ReadAll().status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(second.answer().text(), "a");
  ASSERT_TRUE(Cancel(first.request_id()).ok());
  EXPECT_EQ(second.ReadAll().status.error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ResumeTest, RefusesTokensThatAreNotThere) {
  StartReady();
  Stream first(*stub_, Resumable("say:a|b"));
  first.ReadAll();
  const grpc::Status status = Stream(*stub_, first.request_id(), 3).ReadAll().status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "next_index is 3, and the answer has 2 tokens so far");
}

TEST_F(ResumeTest, KeepsNothingThatWasNotAskedFor) {
  StartReady();
  Stream first(*stub_, Prompt("say:a"));
  first.ReadAll();
  const grpc::Status status = Stream(*stub_, first.request_id(), 0).ReadAll().status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(status.error_message().find("there is no answer to request_id \"" + first.request_id()),
            std::string::npos);
}

TEST_F(ResumeTest, EndsWhatNobodyReadInTime) {
  options_.resume_window = absl::Milliseconds(20);
  StartReady();
  Stream first(*stub_, Resumable("say:a;hang"));
  first.ReadTo(0);
  first.Break();
  EXPECT_EQ(Generate("await-cancels:1;say:x").text(), "x");
  EXPECT_EQ(Stream(*stub_, first.request_id(), 0).ReadAll().status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ResumeTest, StopsWhatNobodyWasToldTheNameOf) {
  StartReady();
  v1::GenerateRequest cancelled = Prompt("await-cancels:1;say:x");
  cancelled.set_time_limit_seconds(0.1);
  do {  // The first one may be gone before it came to the worker.
    Stream(*stub_, Resumable("hang")).Break();
  } while (Generate(cancelled).text() != "x");
}

TEST_F(ResumeTest, RefusesMoreThanCanBeKeptAndForgetsTheOldestForNewOnes) {
  options_.resumable.answers = 1;
  StartReady();
  Stream running(*stub_, Resumable("say:a;hang"));
  running.ReadTo(0);
  const grpc::Status status = Generate(Resumable("say:b")).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("1 resumable answers"), std::string::npos) << status.error_message();
  ASSERT_TRUE(Cancel(running.request_id()).ok());
  Stream complete(*stub_, Resumable("say:c"));
  complete.ReadAll();
  Answer next;
  do {  // The client knows that it is complete a moment before the server knows that the client does.
    next = Generate(Resumable("say:d"));
  } while (next.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(next.text(), "d");
  EXPECT_EQ(Stream(*stub_, complete.request_id(), 0).ReadAll().status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ResumeTest, DoesNotKeepTheServerFromStopping) {
  StartReady();
  Stream first(*stub_, Resumable("say:a;hang"));
  first.ReadTo(0);
  first.Break();
  front_->Stop();
  front_->Stop();
  EXPECT_TRUE(AwaitEnd().ok());
}

}  // namespace
}  // namespace bitnet

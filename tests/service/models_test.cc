// A front that serves several models, by scripted workers.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/bitnet/v1/admin.grpc.pb.h"
#include "proto/status_mapping.h"
#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class ModelsTest : public FrontTest {
 protected:
  void StartModels(std::vector<ModelSpec> models) {
    options_.admin_address = "127.0.0.1:0";
    Start(std::move(models));
    admin_ = v1::AdminService::NewStub(
        grpc::CreateChannel(front_->admin_address(), grpc::InsecureChannelCredentials()));
  }
  void AwaitReady() {
    for (const auto& model : front_->models().models()) {
      ASSERT_TRUE(model->pool().AwaitReady(absl::Now() + kLong));
    }
  }

  static v1::GenerateRequest To(const std::string& model, const std::string& script) {
    v1::GenerateRequest request = Prompt(script);
    request.set_model(model);
    return request;
  }
  std::vector<v1::Model> List() {
    v1::ListModelsResponse models;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->ListModels(&context, {}, &models).ok());
    return {models.models().begin(), models.models().end()};
  }

  std::unique_ptr<v1::AdminService::Stub> admin_;
};

TEST_F(ModelsTest, AnswersByTheModelThatARequestNames) {
  StartModels({{.name = "one", .path = "good", .aliases = {"first"}}, {.name = "two", .path = "good"}});
  AwaitReady();
  for (const auto& [asked, answers] :
       {std::pair("", "one"), std::pair("one", "one"), std::pair("first", "one"), std::pair("two", "two")}) {
    const Answer answer = Generate(To(asked, "say:x"));
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.events.front().started().model(), answers);
  }
  const std::string metrics = front_->Metrics();
  for (const char* line :
       {"bitnet_generated_tokens_total{model=\"one\"} 3", "bitnet_generated_tokens_total{model=\"two\"} 1",
        "bitnet_worker_up{model=\"one\",worker=\"W0\"} 1",
        "bitnet_worker_up{model=\"two\",worker=\"W1\"} 1"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
  }
}

TEST_F(ModelsTest, TellsWhichModelsThereAre) {
  StartModels({{.name = "one", .path = "good", .aliases = {"first"}}, {.name = "two", .path = "good"}});
  AwaitReady();
  const std::string wanted =
      "model is \"three\", which is not served here; served are \"first\", \"one\", \"two\"";
  const grpc::Status generate = Generate(To("three", "say:x")).status;
  EXPECT_EQ(generate.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(generate.error_message(), wanted);
  v1::TokenizeRequest text;
  text.set_model("three");
  text.set_text("x");
  v1::TokenizeResponse tokens;
  grpc::ClientContext context;
  EXPECT_EQ(stub_->Tokenize(&context, text, &tokens).error_message(), wanted);
  const std::vector<v1::Model> models = List();
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].name(), "one");
  EXPECT_EQ(models[0].aliases(0), "first");
  EXPECT_EQ(models[0].state(), v1::MODEL_STATE_READY);
  EXPECT_EQ(models[1].name(), "two");
  EXPECT_GT(models[1].vocab_size(), 0u);
}

TEST_F(ModelsTest, ServesTheOthersIfOneCannotBeLoaded) {
  StartModels({{.name = "bad", .path = "exit:78:bad.gguf is cut off"}, {.name = "good", .path = "good"}});
  const auto& models = front_->models().models();
  ASSERT_TRUE(models[1]->pool().AwaitReady(absl::Now() + kLong));
  while (!models[0]->failed()) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(Generate(To("good", "say:x")).status.ok());
  const std::vector<v1::Model> listed = List();
  EXPECT_EQ(listed[0].state(), v1::MODEL_STATE_FAILED);
  EXPECT_EQ(listed[0].problem(), "bad.gguf is cut off (exit code 78)");
  EXPECT_EQ(listed[1].state(), v1::MODEL_STATE_READY);
  const grpc::Status status = Generate(To("bad", "say:x")).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(status.error_message().find("bad.gguf is cut off"), std::string::npos) << status.error_message();
  EXPECT_TRUE(front_->models().CheckReady().ok());
}

TEST_F(ModelsTest, EndsWhenNoneCanBeLoaded) {
  StartModels({{.name = "a", .path = "exit:78:first"}, {.name = "b", .path = "exit:78:second"}});
  const absl::Status status = AwaitEnd();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "no worker can start: first (exit code 78)");
}

TEST_F(ModelsTest, IsNotReadyBeforeEachModelIs) {
  StartModels({{.name = "good", .path = "good"}, {.name = "slow", .path = "exit:3"}});
  ASSERT_TRUE(front_->pool().AwaitReady(absl::Now() + kLong));
  const absl::Status status = front_->models().CheckReady();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(status.message().rfind("model slow: no worker is ready: worker W1 ", 0), 0u) << status;
}

TEST_F(ModelsTest, HasAdaptersOfEachModelApart) {
  StartModels({{.name = "one", .path = "good"}, {.name = "two", .path = "good", .adapters = {"bard=x"}}});
  AwaitReady();
  v1::LoadAdapterRequest load;
  load.set_name("poet");
  load.set_path("y");
  load.set_model("two");
  v1::Adapter adapter;
  grpc::ClientContext load_context;
  ASSERT_TRUE(admin_->LoadAdapter(&load_context, load, &adapter).ok());
  const auto count = [this](const std::string& model) {
    v1::ListAdaptersRequest request;
    request.set_model(model);
    v1::ListAdaptersResponse adapters;
    grpc::ClientContext context;
    const grpc::Status status = admin_->ListAdapters(&context, request, &adapters);
    return status.ok() ? adapters.adapters_size() : -static_cast<int>(status.error_code());
  };
  EXPECT_EQ(count(""), 0);
  EXPECT_EQ(count("two"), 2);
  EXPECT_EQ(count("three"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));
}

TEST_F(ModelsTest, GoesOnWithAWorkerOfTheSameModel) {
  StartModels({{.name = "one", .path = "good"}, {.name = "two", .path = "good"}});
  AwaitReady();
  // Two's only worker dies; one's, which is free, is not asked.
  const Answer answer = Generate(To("two", "say:a;on:1:die;say:b"));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_EQ(front_->models().Views()[1].restarts(), 1);
  EXPECT_EQ(front_->models().Views()[0].restarts(), 0);
}

}  // namespace
}  // namespace bitnet

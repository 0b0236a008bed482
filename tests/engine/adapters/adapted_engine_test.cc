// Adapters of a running engine: loaded, named by requests, unloaded.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "absl/synchronization/notification.h"
#include "engine/engine.h"
#include "tests/engine/adapters/random_adapter.h"
#include "tests/engine/huggingface/hf_directory.h"
#include "tests/engine/random_model.h"
#include "tests/engine/recording_sink.h"
#include "tests/engine/status_assertions.h"

namespace bitnet {
namespace {

class AdaptedEngineTest : public testing::Test {
 protected:
  AdaptedEngineTest() {
    EXPECT_TRUE(WriteRandomModel(RandomModelShape(), files_.File("model.gguf")).ok());
    EngineOptions options;
    options.num_threads = 2;
    options.max_adapters = 3;
    auto engine = Engine::Create(files_.File("model.gguf"), options);
    EXPECT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    files_.Write("poet.gguf", RandomAdapterFile(engine_->config(), 8, 1, 2));
    files_.Write("jurist.gguf", RandomAdapterFile(engine_->config(), 3, 2, 2));
  }

  absl::Status Load(const std::string& name) {
    return engine_->LoadAdapter(name, files_.File(name + ".gguf"));
  }
  static GenerationRequest Request(std::vector<AdapterUse> adapters) {
    return {.prompt = RandomTokens(9, RandomModelShape().vocab_size, 1),
            .max_tokens = 12,
            .ignore_eos = true,
            .adapters = std::move(adapters)};
  }
  std::vector<int32_t> Answer(std::vector<AdapterUse> adapters) {
    RecordingSink sink;
    const auto id = engine_->Submit(Request(std::move(adapters)), &sink);
    EXPECT_TRUE(id.ok()) << id.status();
    if (id.ok()) {
      sink.Wait();
    }
    return sink.ids();
  }

  const TemporaryDirectory files_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(AdaptedEngineTest, AnswersAsTheRequestsAdaptersSay) {
  ASSERT_TRUE(Load("poet").ok());
  ASSERT_TRUE(Load("jurist").ok());
  const auto plain = Answer({});
  const auto poet = Answer({{"poet"}});
  EXPECT_NE(poet, plain);
  EXPECT_NE(Answer({{"jurist"}}), plain);
  EXPECT_NE(Answer({{"jurist"}}), poet);
  EXPECT_NE(Answer({{"poet"}, {"jurist"}}), poet);
  EXPECT_EQ(Answer({{"poet", 0}}), plain);
  EXPECT_EQ(Answer({{"poet"}, {"jurist", 0}}), poet);
  EXPECT_EQ(Answer({{"poet"}}), poet);
}

TEST_F(AdaptedEngineTest, ListsAdapters) {
  EXPECT_TRUE(engine_->adapters().empty());
  ASSERT_TRUE(Load("poet").ok());
  const auto adapters = engine_->adapters();
  ASSERT_EQ(adapters.size(), 1u);
  EXPECT_EQ(adapters[0].name, "poet");
  EXPECT_EQ(adapters[0].path, files_.File("poet.gguf"));
  EXPECT_EQ(adapters[0].max_rank, 8u);
  EXPECT_EQ(adapters[0].num_pairs, kNumProjectionKinds * RandomModelShape().num_layers);
}

TEST_F(AdaptedEngineTest, RefusesUnknownNamesAndWhatIsNoAdapter) {
  ASSERT_TRUE(Load("poet").ok());
  RecordingSink sink;
  EXPECT_TRUE(IsError(engine_->Submit(Request({{"poet"}, {"critic"}}), &sink).status(),
                      absl::StatusCode::kNotFound, "there is no adapter 'critic'; loaded are 'poet'"));
  EXPECT_TRUE(IsError(engine_->Submit(Request({{"poet", INFINITY}}), &sink).status(),
                      absl::StatusCode::kInvalidArgument, "adapters[0].scale is inf; it must be finite"));
  EXPECT_TRUE(IsError(engine_->Submit(Request(std::vector<AdapterUse>(9, {"poet"})), &sink).status(),
                      absl::StatusCode::kInvalidArgument, "there are 9 adapters; at most 8"));
  EXPECT_TRUE(IsError(engine_->UnloadAdapter("critic"), absl::StatusCode::kNotFound, "'critic'"));
  EXPECT_EQ(Load("poet").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(IsError(engine_->LoadAdapter("model", files_.File("model.gguf")), absl::StatusCode::kNotFound,
                      "has no key 'general.type'"));
  EXPECT_EQ(Load("nothing").code(), absl::StatusCode::kNotFound);
}

TEST_F(AdaptedEngineTest, RefusesMoreThanItMayHold) {
  ASSERT_TRUE(Load("poet").ok());
  ASSERT_TRUE(Load("jurist").ok());
  ASSERT_TRUE(engine_->LoadAdapter("third", files_.File("poet.gguf")).ok());
  EXPECT_EQ(engine_->LoadAdapter("fourth", files_.File("poet.gguf")).code(),
            absl::StatusCode::kResourceExhausted);
  EngineOptions options;
  options.max_adapter_bytes = 1000;
  const auto small = Engine::Create(files_.File("model.gguf"), options);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_TRUE(IsError((*small)->LoadAdapter("poet", files_.File("poet.gguf")),
                      absl::StatusCode::kResourceExhausted, "there is room for 1000"));
}

TEST_F(AdaptedEngineTest, UnloadsWhileRequestsGoOn) {
  ASSERT_TRUE(Load("poet").ok());
  const auto wanted = Answer({{"poet"}});
  RecordingSink sink;
  absl::Notification unloaded;
  sink.on_token = [&](const GeneratedToken& token) {
    if (token.index == 2) {
      unloaded.WaitForNotification();  // The answer is half-way when its adapter goes.
    }
  };
  ASSERT_TRUE(engine_->Submit(Request({{"poet"}}), &sink).ok());
  EXPECT_TRUE(engine_->UnloadAdapter("poet").ok());
  RecordingSink refused;
  EXPECT_EQ(engine_->Submit(Request({{"poet"}}), &refused).status().code(), absl::StatusCode::kNotFound);
  unloaded.Notify();
  sink.Wait();
  EXPECT_EQ(sink.ids(), wanted);
  EXPECT_TRUE(Load("poet").ok());
  EXPECT_EQ(Answer({{"poet"}}), wanted);
}

TEST_F(AdaptedEngineTest, LoadsAndUnloadsWhileOthersAnswer) {
  ASSERT_TRUE(Load("poet").ok());
  const auto wanted = Answer({{"poet"}});
  std::thread loader([this] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(Load("jurist").ok());
      EXPECT_TRUE(engine_->UnloadAdapter("jurist").ok());
    }
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Answer({{"poet"}}), wanted);
  }
  loader.join();
}

}  // namespace
}  // namespace bitnet

// Joules, from the engine and the sensors to the front.
#include <gtest/gtest.h>

#include "tests/base/sensors/fake_counter.h"
#include "tests/worker/fixture.h"

namespace bitnet {
namespace {

class NoHeat final : public HeatSensors {
 public:
  Heat Read() override { return heat; }
  Heat heat;
};

class EnergyTest : public WorkerServerFixture {
 protected:
  void SetUp() override {
    auto server = WorkerServer::Start(&engine_, {.name = "fake-model"}, socket_, &sensors_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = ConnectToWorker(socket_);
  }
  void TearDown() override { server_.reset(); }  // Before the sensors.

  Sensors MakeSensors() {
    return {.energy = Sources({{{"powercap", "package"}, &package_}}),
            .heat = std::unique_ptr<HeatSensors>(heat_),
            .memory = [this] { return memory_; },
            .problems = {}};
  }

  std::optional<MemoryPressure> memory_;
  std::optional<double> package_ = 100;
  NoHeat* heat_ = new NoHeat;  // Owned by the sensors.
  WorkerSensors sensors_{MakeSensors()};
};

TEST_F(EnergyTest, GoesWithTokensAndUsage) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  const GenerationId id = engine_.AwaitSubmitted();
  engine_.Emit(id, {.index = 0, .id = 7, .joules = 1.5});
  worker::v1::GenerateResponse event;
  while (reader->Read(&event) && !event.has_tokens()) {
  }
  EXPECT_DOUBLE_EQ(event.tokens().energy().joules(), 1.5);
  EXPECT_EQ(event.tokens().energy().source(), "powercap");
  GenerationUsage usage;
  usage.joules = 2.5;
  engine_.Finish(id, FinishReason::kLength, usage);
  const Answer answer = ReadToEnd(reader.get());
  ASSERT_EQ(answer.finished.size(), 1u);
  EXPECT_DOUBLE_EQ(answer.finished[0].usage().energy().joules(), 2.5);
  EXPECT_EQ(answer.finished[0].usage().energy().scope(), "package");
}

TEST_F(EnergyTest, IsAbsentWhereTheEngineMeasuredNone) {
  grpc::ClientContext context;
  auto reader = Generate(&context);
  engine_.Finish(engine_.AwaitSubmitted(), FinishReason::kLength);
  const Answer answer = ReadToEnd(reader.get());
  ASSERT_EQ(answer.finished.size(), 1u);
  EXPECT_FALSE(answer.finished[0].usage().has_energy());
}

TEST_F(EnergyTest, IsInTheStatusWithTheHeat) {
  package_ = 107;
  memory_ = MemoryPressure::kWarning;
  heat_->heat = {.temperatures = {{"soc", 55}},
                 .pressure = ThermalPressure::kFair,
                 .throttle_events = 2,
                 .frequencies = {{.cpu = "0", .hertz = 1e9}}};
  grpc::ClientContext context;
  worker::v1::WorkerStatus status;
  ASSERT_TRUE(stub_->GetStatus(&context, {}, &status).ok());
  ASSERT_EQ(status.energy_size(), 1);
  EXPECT_DOUBLE_EQ(status.energy(0).energy().joules(), 7);
  EXPECT_EQ(status.energy(0).energy().source(), "powercap");
  EXPECT_FALSE(status.energy(0).has_watts());  // No interval yet.
  ASSERT_EQ(status.temperatures_size(), 1);
  EXPECT_EQ(status.temperatures(0).celsius(), 55);
  EXPECT_EQ(status.thermal_pressure(), worker::v1::THERMAL_PRESSURE_FAIR);
  EXPECT_EQ(status.throttle_events(), 2u);
  EXPECT_EQ(status.memory_pressure(), worker::v1::MEMORY_PRESSURE_WARNING);
  ASSERT_EQ(status.frequencies_size(), 1);
  EXPECT_FALSE(status.frequencies(0).has_max_hertz());
}

}  // namespace
}  // namespace bitnet

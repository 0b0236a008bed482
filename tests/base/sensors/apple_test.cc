// Apple's sensors, from what their system calls give.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/sensors/apple/energy_model.h"
#include "base/sensors/apple/powermetrics_file.h"
#include "base/sensors/apple/process_energy.h"
#include "base/sensors/apple/thermal_level.h"
#include "tests/base/sensors/fixture.h"

namespace bitnet {
namespace {

std::string ReadFixture(const std::string& name) {
  std::ifstream file(FixturePath(name));
  EXPECT_TRUE(file.is_open()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<EnergyChannel> ReadChannels(const std::string& name) {
  std::vector<EnergyChannel> channels;
  for (const absl::string_view line : absl::StrSplit(ReadFixture(name), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    EnergyChannel channel = {.name = fields.at(0), .unit = fields.at(1)};
    EXPECT_TRUE(absl::SimpleAtoi(fields.at(2), &channel.value)) << line;
    channels.push_back(channel);
  }
  return channels;
}

struct Mac {
  const char* name;
  double cpu_watts, gpu_watts;
  std::vector<std::string> clusters;
  double fastest_hertz;
  ThermalPressure pressure;
};

void PrintTo(const Mac& mac, std::ostream* out) { *out << mac.name; }

class MacTest : public testing::TestWithParam<Mac> {};

TEST_P(MacTest, PrintsPowermetrics) {
  const Mac& mac = GetParam();
  PowermetricsParser parser;
  const auto samples = parser.Feed(ReadFixture(std::string(mac.name) + ".powermetrics"));
  ASSERT_EQ(samples.size(), 2U);  // The third is not complete.
  EXPECT_EQ(samples[0].elapsed, absl::Milliseconds(1009.55));
  EXPECT_DOUBLE_EQ(samples[0].watts.at("cpu"), mac.cpu_watts);
  EXPECT_DOUBLE_EQ(samples[0].watts.at("gpu"), mac.gpu_watts);
  EXPECT_DOUBLE_EQ(samples[1].watts.at("cpu"), 2 * mac.cpu_watts);
  EXPECT_EQ(samples[0].pressure, mac.pressure);
  std::vector<std::string> clusters;
  double fastest = 0;
  for (const CpuFrequency& frequency : samples[0].frequencies) {
    clusters.push_back(frequency.cpu);
    fastest = std::max(fastest, frequency.hertz);
  }
  EXPECT_EQ(clusters, mac.clusters);
  EXPECT_DOUBLE_EQ(fastest, mac.fastest_hertz);
}

TEST_P(MacTest, HasAnEnergyModel) {
  const Mac& mac = GetParam();
  const auto joules = JoulesByScope(ReadChannels(std::string(mac.name) + ".ioreport"));
  EXPECT_DOUBLE_EQ(joules.at("cpu"), mac.cpu_watts * 1000);  // Its clusters are part of it.
  EXPECT_DOUBLE_EQ(joules.at("gpu"), mac.gpu_watts * 1000);
  EXPECT_DOUBLE_EQ(joules.at("dram"), 4);
}

INSTANTIATE_TEST_SUITE_P(
    Macs, MacTest,
    testing::Values(Mac{"m1", 0.823, 0.026, {"E-Cluster", "P-Cluster"}, 3204e6, ThermalPressure::kNominal},
                    Mac{"m1_pro",
                        2.978,
                        0.269,
                        {"E-Cluster", "P0-Cluster", "P1-Cluster"},
                        3228e6,
                        ThermalPressure::kFair},
                    Mac{"m3_max",
                        21.45,
                        0.31,
                        {"E-Cluster", "P0-Cluster", "P1-Cluster"},
                        4056e6,
                        ThermalPressure::kSerious},
                    Mac{"m4", 9.12, 0.045, {"E-Cluster", "P-Cluster"}, 4464e6, ThermalPressure::kSerious},
                    Mac{"m4_pro",
                        15.34,
                        0.088,
                        {"E-Cluster", "P0-Cluster", "P1-Cluster"},
                        4512e6,
                        ThermalPressure::kCritical}),
    [](const auto& mac) { return std::string(mac.param.name); });

TEST(EnergyModelTest, AddsTheDiesOfAnUltra) {
  const auto joules = JoulesByScope(ReadChannels("m2_ultra.ioreport"));
  EXPECT_DOUBLE_EQ(joules.at("cpu"), 6.5);
  EXPECT_DOUBLE_EQ(joules.at("gpu"), 3);
  EXPECT_DOUBLE_EQ(joules.at("ane"), 0.75);
}

TEST(EnergyModelTest, LeavesOutAScopeWithAnUnknownUnit) {
  EXPECT_EQ(JoulesByScope(ReadChannels("m2_ultra.ioreport")).count("dram"), 0U);
}

TEST(EnergyModelTest, MakesASourceForEachScope) {
  const EnergySources m1 = MakeEnergyModelSources([] { return ReadChannels("m1.ioreport"); });
  EXPECT_NE(FindSource(m1, {"ioreport", "cpu"}), nullptr);
  EXPECT_NE(FindSource(m1, {"ioreport", "dram"}), nullptr);
  EXPECT_EQ(FindSource(m1, {"ioreport", "ane"}), nullptr);  // Its model has none.
  EXPECT_TRUE(MakeEnergyModelSources(nullptr).empty());
  EXPECT_TRUE(MakeEnergyModelSources([] { return std::vector<EnergyChannel>(); }).empty());
}

TEST(ProcessEnergyTest, CountsNanojoules) {
  const auto source = MakeProcessEnergySource([] { return ProcessEnergy{.energy_nj = 2'500'000'000}; });
  EXPECT_EQ(source->label(), (EnergyLabel{"rusage", "process"}));
  EXPECT_DOUBLE_EQ(source->ReadJoules().value(), 2.5);
}

TEST(ProcessEnergyTest, IsAbsentInAVirtualMachine) {
  EXPECT_EQ(MakeProcessEnergySource([] { return ProcessEnergy{}; })->ReadJoules(), std::nullopt);
  EXPECT_EQ(MakeProcessEnergySource([] { return std::optional<ProcessEnergy>(); })->ReadJoules(),
            std::nullopt);
}

TEST(ThermalLevelTest, FollowsTheSystemsLevels) {
  EXPECT_EQ(PressureOfDarwinLevel(0), ThermalPressure::kNominal);
  EXPECT_EQ(PressureOfDarwinLevel(1), ThermalPressure::kFair);
  EXPECT_EQ(PressureOfDarwinLevel(2), ThermalPressure::kSerious);
  EXPECT_EQ(PressureOfDarwinLevel(3), ThermalPressure::kCritical);
  EXPECT_EQ(PressureOfDarwinLevel(4), ThermalPressure::kCritical);
  EXPECT_EQ(PressureOfDarwinLevel(10), std::nullopt);
  EXPECT_EQ(PressureOfDarwinName("Heavy"), ThermalPressure::kSerious);
  EXPECT_EQ(PressureOfDarwinName("Tepid"), std::nullopt);
}

TEST(PowermetricsTest, TakesItsOutputInAnyPieces) {
  const std::string text = ReadFixture("m4.powermetrics");
  PowermetricsParser parser;
  size_t samples = 0;
  for (const char c : text) samples += parser.Feed({&c, 1}).size();
  EXPECT_EQ(samples, 2U);
}

TEST(PowermetricsTest, SkipsWhatItDoesNotUnderstand) {
  PowermetricsParser parser;
  const auto samples = parser.Feed(
      "*** Sampled system activity (no time) ***\nCPU Power: 5 mW\n"
      "*** Sampled system activity (now) (100.0ms elapsed) ***\n"
      "CPU Power: lots mW\nGPU Power: -3 mW\nANE Power: 5 W\nCurrent pressure level: Tepid\n"
      "*** Sampled system activity (now) (100.0ms elapsed) ***\n");
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_TRUE(samples[0].watts.empty());
  EXPECT_EQ(samples[0].pressure, std::nullopt);
}

TEST(PowermetricsFileTest, CountsWhatIsWrittenFromNowOn) {
  const FakeRoot root;
  const std::string text = ReadFixture("m4.powermetrics");
  root.Write("/power.txt", text);
  const auto file = std::make_shared<PowermetricsFile>(root.path() + "/power.txt");
  const EnergySources sources = MakePowermetricsSources(file);
  EnergySource* cpu = FindSource(sources, {"powermetrics", "cpu"});
  EXPECT_EQ(cpu->ReadJoules(), std::nullopt);
  root.Write("/power.txt", text + "\n" + text);
  // The second sample of what is added ends with the third one's head.
  EXPECT_NEAR(cpu->ReadJoules().value(), 9.12 * (1.00955 + 2 * 1.00503), 1e-9);
  EXPECT_EQ(file->last()->pressure, ThermalPressure::kSerious);
}

TEST(PowermetricsFileTest, BeginsAgainWithANewFile) {
  const FakeRoot root;
  const auto file = std::make_shared<PowermetricsFile>(root.path() + "/power.txt");  // Not there yet.
  const EnergySources sources = MakePowermetricsSources(file);
  EnergySource* gpu = FindSource(sources, {"powermetrics", "gpu"});
  EXPECT_EQ(gpu->ReadJoules(), std::nullopt);
  const std::string text = ReadFixture("m4.powermetrics");
  root.Write("/power.txt", text);
  const double once = gpu->ReadJoules().value();
  root.Write("/power.txt", "");
  EXPECT_EQ(gpu->ReadJoules(), once);
  root.Write("/power.txt", text);
  EXPECT_DOUBLE_EQ(gpu->ReadJoules().value(), 2 * once);
}

}  // namespace
}  // namespace bitnet

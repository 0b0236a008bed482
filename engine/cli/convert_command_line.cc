#include "engine/cli/convert_command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "base/version.h"
#include "engine/cli/help_formatter.h"
#include "engine/formats/i2s_layout_name.h"

namespace bitnet {
namespace {

constexpr int kExitUsage = 2;

constexpr const char* kDescription =
    "Writes a 1-bit language model as a GGUF file: packed for the kernels that will run it, so that it is\n"
    "mapped at start with nothing left to do, or in a type that other programs read.\n";

constexpr const char* kExamples = R"(Examples:
  bitnet-convert -i BitNet-b1.58-2B-4T/ -o 2b4t.gguf              packed for this machine
  bitnet-convert -i 2b4t.gguf -o mac.gguf --target-arch arm64-darwin
  bitnet-convert -i Falcon3-1B-1.58bit/ -o falcon.gguf --outtype tq2_0   for llama.cpp
  bitnet-convert -i 2b4t.gguf -o small.gguf --embedding-type q6_k
  bitnet-convert -i model/ -o model.gguf --dry-run                 what would become of each tensor

Packed layouts are the same on every chip and a file runs everywhere; --target-arch decides which one
--pack-mode=auto takes for a tensor: the one that the chip gets through faster. Nothing is left half
done: the file gets its name once it was read back and every tensor was compared with its source.

Exit status: 0 done, 1 something failed (stderr says what and with which tensor), 2 wrong usage.)";

const std::map<std::string, PackMode> kPackModes = {{"auto", PackMode::kAuto},
                                                    {"2bit", PackMode::k2Bit},
                                                    {"base3", PackMode::kBase3},
                                                    {"1bit", PackMode::k1Bit},
                                                    {"none", PackMode::kNone}};
const std::map<std::string, TargetArch> kTargets = {{"native", TargetArch::kNative},
                                                    {"arm64-darwin", TargetArch::kArm64Darwin},
                                                    {"arm64-linux", TargetArch::kArm64Linux},
                                                    {"x86_64-linux", TargetArch::kX86_64Linux}};
// What a file can hold: HeadFormat::kExact is a way of reading it.
const std::map<std::string, HeadFormat> kHeads = {
    {"auto", HeadFormat::kAuto}, {"int6", HeadFormat::kInt6}, {"file", HeadFormat::kAsFile}};
const std::map<std::string, GgmlType> kOuttypes = {{"i2_s", GgmlType::kI2S},    {"tq1_0", GgmlType::kTQ1_0},
                                                   {"tq2_0", GgmlType::kTQ2_0}, {"q1_0", GgmlType::kQ1_0},
                                                   {"q2_0", GgmlType::kQ2_0},   {"f16", GgmlType::kF16}};
const std::map<std::string, GgmlType> kEmbeddingTypes = {
    {"f32", GgmlType::kF32},   {"f16", GgmlType::kF16},  {"bf16", GgmlType::kBF16},
    {"q8_0", GgmlType::kQ8_0}, {"q6_k", GgmlType::kQ6K}, {"q4_0", GgmlType::kQ4_0}};
const std::map<std::string, I2sLayout> kI2sLayouts = I2sLayoutNames();

// The names of a table, as help shows them.
template <typename T>
std::string Names(const std::map<std::string, T>& table) {
  std::string names;
  for (const auto& [name, value] : table) {
    names += (names.empty() ? "" : "|") + name;
  }
  return names;
}

// Adds an option whose values are the names of a table.
template <typename T>
CLI::Option* AddChoice(CLI::App& app, const std::string& option, std::string& name,
                       const std::map<std::string, T>& table, const std::string& help,
                       const std::string& group) {
  const auto check = [&table](std::string& text) {
    return table.contains(text) ? std::string() : "'" + text + "' is none of " + Names(table);
  };
  return app.add_option(option, name, help + ": " + Names(table))
      ->type_name("NAME")
      ->group(group)
      ->check(CLI::Validator(check, ""));
}

// The names given, looked up once all are known to be good.
struct Choices {
  std::string pack;
  std::string target = "native";
  std::string outtype;
  std::string embedding;
  std::string head = "auto";
  std::string i2s = "128x32";
};

void AddOptions(CLI::App& app, ConvertCommand& command, Choices& choices) {
  const std::string files = "Files";
  app.add_option("-i,--input", command.input,
                 "A Hugging Face directory (config.json, safetensors, tokenizer) or a GGUF file")
      ->type_name("PATH")
      ->group(files)
      ->required();
  app.add_option("-o,--output", command.output, "The GGUF file to write")
      ->type_name("FILE")
      ->group(files)
      ->required();
  app.add_flag("--force", command.force, "Replace the output if it exists")->group(files);
  app.add_flag("-n,--dry-run", command.dry_run, "Say what would become of each tensor, and write nothing")
      ->group(files);

  const std::string result = "Result";
  auto* pack = AddChoice(app, "--pack-mode", choices.pack, kPackModes,
                         "How matrices are packed; auto unless there is an --outtype", result);
  AddChoice(app, "--target-arch", choices.target, kTargets, "Where --pack-mode=auto packs for", result)
      ->capture_default_str();
  AddChoice(app, "--outtype", choices.outtype, kOuttypes,
            "Do not pack; write matrices of 1 and 2 bits as this type", result)
      ->check(CLI::Validator(
          [pack](std::string&) {
            const bool packs = pack->count() > 0 && pack->as<std::string>() != "none";
            return packs ? std::string("excludes a --pack-mode other than none") : std::string();
          },
          ""));
  AddChoice(app, "--embedding-type", choices.embedding, kEmbeddingTypes,
            "The type of the token embedding and the output head; f16 for floats, or what they are", result);

  AddChoice(
      app, "--head", choices.head, kHeads,
      "When packing: int6 quantises the output head to 6.5 bits a weight, as precise as Q6_K, beside an "
      "embedding that it shares; file keeps it; auto is int6 for heads of more than 16 million weights",
      result)
      ->capture_default_str();

  const std::string reading = "Reading and reporting";
  AddChoice(app, "--i2s-layout", choices.i2s, kI2sLayouts, kI2sLayoutHelp, reading)->capture_default_str();
  app.add_option("-t,--threads", command.threads, "Threads that convert; 0 is one per CPU")
      ->type_name("N")
      ->group(reading)
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  app.add_flag("--every-tensor", command.every_tensor,
               "List every tensor, not one line for the same one of all layers")
      ->group(reading);
}

void Apply(const Choices& choices, ConvertOptions& options) {
  if (!choices.outtype.empty()) {
    options.outtype = kOuttypes.at(choices.outtype);
    options.pack = PackMode::kNone;
  }
  if (!choices.pack.empty()) {
    options.pack = kPackModes.at(choices.pack);
  }
  if (!choices.embedding.empty()) {
    options.embedding_type = kEmbeddingTypes.at(choices.embedding);
  }
  options.head = kHeads.at(choices.head);
  options.target = kTargets.at(choices.target);
  options.i2s_layout = kI2sLayouts.at(choices.i2s);
}

}  // namespace

std::variant<ConvertCommand, ExitNow> ParseConvertCommand(int argc, char** argv) {
  ConvertCommand command;
  Choices choices;
  CLI::App app(kDescription, "bitnet-convert");
  app.footer(kExamples);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "bitnet-convert " + std::string(Version()), "Print the version and exit");
  AddOptions(app, command, choices);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too, with status 0.
    return ExitNow{app.exit(error, std::cout, std::cerr) == 0 ? 0 : kExitUsage};
  }
  Apply(choices, command.options);
  return command;
}

}  // namespace bitnet

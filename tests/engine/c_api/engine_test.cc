// Engines, their options and their models, through the C interface.
#include <cstddef>
#include <cstring>
#include <string>

#include "tests/engine/c_api/library_fixture.h"

namespace bitnet {
namespace {

class LibraryEngineTest : public LibraryTest {
 protected:
  testing::AssertionResult CreateFails(const char* path, const bitnet_engine_options& options,
                                       bitnet_code wanted, const std::string& part) const {
    bitnet_engine* engine = nullptr;
    bitnet_error error;
    const bitnet_code code = bitnet_engine_create(path, &options, &engine, &error);
    EXPECT_EQ(engine, nullptr);
    bitnet_engine_destroy(engine);
    return Fails(code, error, wanted, part);
  }
};

TEST_F(LibraryEngineTest, DescribesTheModel) {
  bitnet_engine_options options = NewEngineOptions();
  options.num_threads = 1;
  options.isa = "portable";
  const EngineHandle engine = NewEngine(options);
  bitnet_model_info info = Initialized(bitnet_model_info_init);
  ASSERT_EQ(bitnet_engine_model_info(engine.get(), &info, nullptr), BITNET_OK);
  EXPECT_STREQ(info.name, "random");
  EXPECT_STREQ(info.architecture, "bitnet-b1.58");
  EXPECT_STREQ(info.isa, "portable");
  EXPECT_EQ(info.vocab_size, 512);
  EXPECT_EQ(info.max_seq_len, 256);
  EXPECT_EQ(info.hidden_dim, 256);
  EXPECT_EQ(info.num_layers, 2);
  EXPECT_EQ(info.num_threads, 1);
  EXPECT_EQ(info.bos_token, shape_.begin_id());
  EXPECT_EQ(info.eos_token, shape_.end_id());
  EXPECT_EQ(info.has_chat_template, 1);
  EXPECT_EQ(info.file_bytes, RandomModel(shape_).size());
  EXPECT_GT(info.num_parameters, 1000000u);
}

TEST_F(LibraryEngineTest, LoadsWithNoOptionsAndWithAllOfThem) {
  bitnet_engine* engine = nullptr;
  ASSERT_EQ(bitnet_engine_create(ModelPath().c_str(), nullptr, &engine, nullptr), BITNET_OK);
  bitnet_engine_destroy(engine);
  bitnet_engine_options options = NewEngineOptions();
  options.flags = BITNET_NO_MMAP | BITNET_NO_PREFIX_CACHE | BITNET_NO_SPECULATION;
  options.num_threads = 2;
  options.max_sequences = 3;
  options.max_waiting = 4;
  options.chunk_size = 32;
  options.kv_type = BITNET_KV_F32;
  options.kv_cache_tokens = 512;
  options.adapter_bytes = 1 << 20;
  options.max_adapters = 2;
  EXPECT_NE(NewEngine(options), nullptr);
}

TEST_F(LibraryEngineTest, SaysWhatIsWrongWithAFile) {
  const bitnet_engine_options options = NewEngineOptions();
  EXPECT_TRUE(CreateFails("/nowhere.gguf", options, BITNET_NOT_FOUND, "/nowhere.gguf"));
  const std::string path = files_.File("short.gguf");
  files_.Write("short.gguf", std::string("GGUF"));
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_DATA_LOSS, path));
}

TEST_F(LibraryEngineTest, NamesTheOptionThatIsWrong) {
  const std::string path = ModelPath();
  bitnet_engine_options options = NewEngineOptions();
  options.num_threads = -2;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "num_threads is -2"));
  options = NewEngineOptions();
  options.isa = "z80";
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "isa is \"z80\""));
  options = NewEngineOptions();
  options.max_sequences = -1;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "max_sequences is -1"));
  options = NewEngineOptions();
  options.chunk_size = -1;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "chunk_size is -1"));
  options = NewEngineOptions();
  options.max_waiting = -1;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "max_waiting is -1"));
  options = NewEngineOptions();
  options.max_adapters = -1;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_INVALID_ARGUMENT, "max_adapters is -1"));
}

TEST_F(LibraryEngineTest, RefusesWhatItDoesNotKnow) {
  const std::string path = ModelPath();
  bitnet_engine_options options = NewEngineOptions();
  options.flags = 1u << 20;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_UNIMPLEMENTED, "0x100000"));
  options = NewEngineOptions();
  options.flags = BITNET_RAW_PROMPTS;  // Of bitnet_new_context only.
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_UNIMPLEMENTED, "0x8"));
  options = NewEngineOptions();
  options.kv_type = static_cast<bitnet_kv_type>(3);
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_UNIMPLEMENTED, "kv_type is 3"));
  options = NewEngineOptions();
  options.reserved = 7;
  EXPECT_TRUE(CreateFails(path.c_str(), options, BITNET_UNIMPLEMENTED, "reserved is 7"));
}

TEST_F(LibraryEngineTest, TakesTheOptionsOfOlderPrograms) {
  bitnet_engine_options options = NewEngineOptions();
  // To such a program the struct ended here; what follows in memory is not its own.
  options.struct_size = offsetof(bitnet_engine_options, kv_type);
  options.num_threads = 1;
  std::memset(reinterpret_cast<char*>(&options) + options.struct_size, 0xAB,
              sizeof(options) - options.struct_size);
  EXPECT_NE(NewEngine(options), nullptr);
}

TEST_F(LibraryEngineTest, TakesTheOptionsOfNewerProgramsUnlessTheyUseThem) {
  struct NewerOptions {
    bitnet_engine_options known;
    uint64_t unknown;
  } newer = {NewEngineOptions(), 0};
  newer.known.struct_size = sizeof(newer);
  EXPECT_NE(NewEngine(newer.known), nullptr);
  newer.unknown = 1;
  EXPECT_TRUE(CreateFails(ModelPath().c_str(), newer.known, BITNET_UNIMPLEMENTED, "header is newer"));
}

TEST_F(LibraryEngineTest, RefusesStructsThatWereNeverFilledIn) {
  for (const size_t size : {size_t{0}, size_t{7}, size_t{1} << 20}) {
    bitnet_engine_options options = NewEngineOptions();
    options.struct_size = size;
    EXPECT_TRUE(CreateFails(ModelPath().c_str(), options, BITNET_INVALID_ARGUMENT,
                            "fill it in with bitnet_engine_options_init"));
  }
}

TEST_F(LibraryEngineTest, WritesNoMoreOfAResultThanTheProgramKnows) {
  const EngineHandle engine = NewEngine();
  struct {
    bitnet_model_info info;
    uint64_t behind;
  } newer = {Initialized(bitnet_model_info_init), 5};
  newer.info.struct_size = sizeof(newer);
  ASSERT_EQ(bitnet_engine_model_info(engine.get(), &newer.info, nullptr), BITNET_OK);
  EXPECT_EQ(newer.behind, 0u) << "what this library does not know is 0";
  EXPECT_EQ(newer.info.struct_size, sizeof(newer));

  bitnet_model_info older = Initialized(bitnet_model_info_init);
  older.struct_size = offsetof(bitnet_model_info, vocab_size);
  older.vocab_size = 77;
  ASSERT_EQ(bitnet_engine_model_info(engine.get(), &older, nullptr), BITNET_OK);
  EXPECT_STREQ(older.name, "random");
  EXPECT_EQ(older.vocab_size, 77);
}

TEST_F(LibraryEngineTest, ToleratesNull) {
  const bitnet_engine_options options = NewEngineOptions();
  bitnet_error error;
  EXPECT_TRUE(CreateFails(nullptr, options, BITNET_INVALID_ARGUMENT, "path is NULL"));
  EXPECT_TRUE(Fails(bitnet_engine_create("model", nullptr, nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "engine is NULL"));
  bitnet_model_info info = Initialized(bitnet_model_info_init);
  EXPECT_TRUE(Fails(bitnet_engine_model_info(nullptr, &info, &error), error, BITNET_INVALID_ARGUMENT,
                    "engine is NULL"));
  const EngineHandle engine = NewEngine();
  EXPECT_TRUE(Fails(bitnet_engine_model_info(engine.get(), nullptr, &error), error, BITNET_INVALID_ARGUMENT,
                    "info is NULL"));
  EXPECT_EQ(bitnet_engine_model_info(nullptr, nullptr, nullptr), BITNET_INVALID_ARGUMENT);
  bitnet_engine_destroy(nullptr);
}

TEST(LibraryErrorTest, HasANameForEveryCode) {
  EXPECT_STREQ(bitnet_code_name(BITNET_OK), "OK");
  EXPECT_STREQ(bitnet_code_name(BITNET_DATA_LOSS), "DATA_LOSS");
  EXPECT_STREQ(bitnet_code_name(static_cast<bitnet_code>(16)), "UNKNOWN");
  EXPECT_STREQ(bitnet_code_name(static_cast<bitnet_code>(-1)), "UNKNOWN");
  EXPECT_STREQ(bitnet_error_message(nullptr), "");
}

TEST(LibraryErrorTest, IsCutBetweenCharacters) {
  std::string path = "/";
  while (path.size() < 2000) {
    path += "ü";  // At odd offsets in the path, and in the message behind it.
  }
  for (const char* before : {"", "x"}) {
    bitnet_engine* engine = nullptr;
    bitnet_error error;
    EXPECT_NE(bitnet_engine_create((before + path).c_str(), nullptr, &engine, &error), BITNET_OK);
    const std::string message = error.message;
    EXPECT_GE(message.size(), sizeof(error.message) - 2);
    EXPECT_EQ(message.substr(message.size() - 2), "ü");
  }
}

TEST(LibraryVersionTest, IsTheHeaders) {
  EXPECT_EQ(std::string(bitnet_version()), std::to_string(BITNET_VERSION_MAJOR) + "." +
                                               std::to_string(BITNET_VERSION_MINOR) + "." +
                                               std::to_string(BITNET_VERSION_PATCH));
}

}  // namespace
}  // namespace bitnet

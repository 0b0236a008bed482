#include "service/security/token_file.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

constexpr char kHashPrefix[] = "sha256:";

absl::Status ReadHash(absl::string_view text, TokenHash& hash) {
  const bool all_hex = std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isxdigit(c); });
  if (text.size() != 2 * hash.size() || !all_hex) {
    return absl::InvalidArgumentError(
        absl::StrCat("sha256: and 64 hexadecimal digits were wanted, not ", text.size(), " characters"));
  }
  const std::string bytes = absl::HexStringToBytes(text);
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return absl::OkStatus();
}

absl::Status ReadSetting(absl::string_view word, Caller& caller) {
  absl::string_view value = word;
  if (word == "admin") {
    caller.admin = true;
  } else if (absl::ConsumePrefix(&value, "max-requests=")) {
    if (!absl::SimpleAtoi(value, &caller.max_requests) || caller.max_requests < 1) {
      return absl::InvalidArgumentError(absl::StrCat("'", word, "': a number from 1 was wanted"));
    }
  } else if (absl::ConsumePrefix(&value, "priority=")) {
    const std::string name = absl::StrCat("PRIORITY_", absl::AsciiStrToUpper(value));
    if (!v1::Priority_Parse(name, &caller.most_important) ||
        caller.most_important == v1::PRIORITY_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", word, "': background, normal or interactive was wanted"));
    }
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("'", word, "' is none of priority=, max-requests= and admin"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Caller> ReadLine(absl::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.size() < 2 || !absl::StartsWith(words[1], kHashPrefix)) {
    return absl::InvalidArgumentError("NAME sha256:HEX was wanted");
  }
  Caller caller = {.name = words[0]};
  RETURN_IF_ERROR(ReadHash(absl::StripPrefix(words[1], kHashPrefix), caller.hash));
  for (size_t i = 2; i < words.size(); ++i) {
    RETURN_IF_ERROR(ReadSetting(words[i], caller));
  }
  return caller;
}

}  // namespace

TokenHash HashToken(std::string_view token) {
  TokenHash hash;
  SHA256(reinterpret_cast<const uint8_t*>(token.data()), token.size(), hash.data());
  return hash;
}

absl::StatusOr<std::vector<Caller>> ReadTokenFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  }
  std::vector<Caller> callers;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits('#', 1));
    if (absl::StripAsciiWhitespace(parts[0]).empty()) {
      continue;
    }
    absl::StatusOr<Caller> caller = ReadLine(parts[0]);
    if (!caller.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": line ", number, ": ", caller.status().message()));
    }
    callers.push_back(*std::move(caller));
  }
  if (callers.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": names nobody"));
  }
  return callers;
}

const Caller* FindCaller(const std::vector<Caller>& callers, std::string_view token) {
  const TokenHash hash = HashToken(token);
  const Caller* found = nullptr;
  for (const Caller& caller : callers) {
    if (CRYPTO_memcmp(caller.hash.data(), hash.data(), hash.size()) == 0) {
      found = &caller;
    }
  }
  return found;
}

NewToken MakeToken(const std::string& name) {
  std::string bytes(32, '\0');
  RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  const std::string token = absl::WebSafeBase64Escape(bytes);
  const TokenHash hash = HashToken(token);
  const std::string hex = absl::BytesToHexString(std::string(hash.begin(), hash.end()));
  return {.token = token, .line = absl::StrCat(name, " ", kHashPrefix, hex)};
}

}  // namespace bitnet

// Speaks HTTP to a front with scripted workers, byte by byte.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/ip/tcp.hpp"
#include "service/openai/json.h"
#include "tests/service/front_fixture.h"

namespace bitnet {

using openai::Json;
using openai::ParseJson;

struct Reply {
  std::string head;  // Status line and headers.
  std::string body;
  Json json() const { return ParseJson(body); }
};

class OpenAiTest : public FrontTest {
 protected:
  using Stream = boost::asio::ip::tcp::iostream;

  Stream Connect() const {
    const std::string address = front_->http_address();
    return Stream("127.0.0.1", address.substr(address.rfind(':') + 1));
  }

  static void Send(Stream& stream, const std::string& method, const std::string& path,
                   const std::string& body,
                   const std::string& headers = "Content-Type: application/json\r\n") {
    stream << method << " " << path << " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           << headers << "Content-Length: " << body.size() << "\r\n\r\n"
           << body << std::flush;
  }

  // Without the sizes of chunks.
  static std::string Unchunked(std::string_view text) {
    std::string whole;
    while (!text.empty()) {
      const size_t size = std::stoul(std::string(text.substr(0, text.find("\r\n"))), nullptr, 16);
      text.remove_prefix(text.find("\r\n") + 2);
      whole += text.substr(0, size);
      text.remove_prefix(size + 2);
    }
    return whole;
  }

  static Reply Read(Stream& stream) {
    std::ostringstream all;
    all << stream.rdbuf();
    const std::string text = all.str();
    const size_t end = text.find("\r\n\r\n");
    Reply reply{.head = text.substr(0, end), .body = text.substr(end + 4)};
    if (reply.head.find("Transfer-Encoding: chunked") != std::string::npos)
      reply.body = Unchunked(reply.body);
    return reply;
  }

  Reply Post(const std::string& path, const Json& body) {
    Stream stream = Connect();
    Send(stream, "POST", path, body.dump());
    return Read(stream);
  }
  Reply Complete(const std::string& script, Json more = Json::object()) {
    more["prompt"] = script;
    return Post("/v1/completions", more);
  }
  Reply Chat(const std::string& script, Json more = Json::object()) {
    more["messages"] = Json::array({{{"role", "user"}, {"content", script}}});
    return Post("/v1/chat/completions", more);
  }

  // The JSON of a stream's events; "[DONE]" as a string.
  static std::vector<Json> Events(const Reply& reply) {
    std::vector<Json> events;
    std::istringstream lines(reply.body);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("data: [DONE]"))
        events.emplace_back("[DONE]");
      else if (line.starts_with("data: "))
        events.push_back(ParseJson(line.substr(6)));
    }
    return events;
  }
};

}  // namespace bitnet

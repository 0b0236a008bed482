#include "service/http/http_server.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>

#include "boost/asio/ip/tcp.hpp"

namespace bitnet {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = HttpServer::Start(
        {.address = "127.0.0.1:0", .timeout = absl::Milliseconds(200)},
        {.metrics = [] { return std::string("up 1\n"); }, .readiness = [this] { return readiness_; }}, {});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Sends `request` as it is, and reads until the server closes.
  std::string Exchange(const std::string& request) {
    boost::asio::ip::tcp::iostream stream;
    stream.connect("127.0.0.1", server_->address().substr(server_->address().rfind(':') + 1));
    stream << request << std::flush;
    std::ostringstream answer;
    answer << stream.rdbuf();
    return answer.str();
  }
  std::string Ask(const std::string& method, const std::string& target) {
    return Exchange(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  absl::Status readiness_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesMetrics) {
  const std::string answer = Ask("GET", "/metrics?x=1");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nup 1\n")) << answer;
}

TEST_F(HttpServerTest, AnswersHeadWithoutBody) {
  const std::string answer = Ask("HEAD", "/metrics");
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, TellsReadinessWithItsReason) {
  EXPECT_TRUE(Ask("GET", "/readyz").starts_with("HTTP/1.1 200 "));
  readiness_ = absl::UnavailableError("worker W0 is starting");
  const std::string answer = Ask("GET", "/readyz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("worker W0 is starting\n")) << answer;
  EXPECT_TRUE(Ask("GET", "/healthz").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesWhatItDoesNotServe) {
  EXPECT_TRUE(Ask("GET", "/").starts_with("HTTP/1.1 404 "));
  const std::string post = Ask("POST", "/metrics");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405 ")) << post;
  EXPECT_NE(post.find("Allow: GET, HEAD\r\n"), std::string::npos) << post;
  EXPECT_TRUE(Ask("GET", "metrics").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Exchange("not http at all\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      Exchange("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Exchange("GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ServesTwoRequestsOnOneConnection) {
  const std::string answer = Exchange(
      "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\nConnection: "
      "close\r\n\r\n");
  EXPECT_NE(answer.find("ok\nHTTP/1.1 200 OK"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("up 1\n")) << answer;
}

TEST_F(HttpServerTest, ClosesAnIdleConnection) { EXPECT_EQ(Exchange("GET /metr"), ""); }

TEST_F(HttpServerTest, SaysWhatIsWrongWithAnAddress) {
  EXPECT_EQ(HttpServer::Start({.address = "8080"}, {}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HttpServer::Start({.address = server_->address()}, {}, {}).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace bitnet

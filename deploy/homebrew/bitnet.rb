# frozen_string_literal: true

# Homebrew's recipe for the server and the programs of the terminal. README.md beside it says how to use it.
class Bitnet < Formula
  desc "Server for 1-bit language models"
  license "Apache-2.0"
  # There is no release to download yet: whatever the named repository has.
  head ENV.fetch("HOMEBREW_BITNET_REPOSITORY", "/usr/local/src/bitnet"), using: :git, branch: "main"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkg-config" => :build
  depends_on "abseil"
  depends_on "boost"
  depends_on "cli11"
  depends_on "grpc"
  depends_on macos: :ventura
  depends_on "nlohmann-json"
  depends_on "pcre2"
  depends_on "prometheus-cpp"
  depends_on "protobuf"
  depends_on "spdlog"
  depends_on "utf8proc"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DBITNET_TESTS=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  # launchd kills what has not ended 20 s after it was told to, and there is no word for another time here: the drain
  # is shorter. Nor is there one for the number of open files, of which launchd allows 256: the shell that reads the
  # settings asks for more.
  service do
    run ["/bin/sh", "-c",
         "ulimit -n 65536; set -a; if [ -r #{etc}/bitnet-front.conf ]; then . #{etc}/bitnet-front.conf; fi; " \
         "exec #{opt_bin}/bitnet-front --worker-binary #{opt_bin}/bitnet-worker --drain-seconds 15 ${BITNET_FLAGS}"]
    keep_alive true
    process_type :interactive
    log_path var/"log/bitnet-front.log"
    error_log_path var/"log/bitnet-front.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/bitnet-front --version") unless head?
    assert_match "tower with a light", shell_output("#{bin}/bitnet-infer --prompt 'What is a lighthouse?'")
    assert_match "/nowhere.gguf: cannot be opened",
                 shell_output("BITNET_MODEL=/nowhere.gguf #{bin}/bitnet-infer --prompt x 2>&1", 1)
  end
end

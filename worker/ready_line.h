// How a worker tells its supervisor, in one line on an inherited pipe, that it serves or never will.
#pragma once

#include <string>

namespace bitnet {

// These write "READY\n", or "FAILED " with the message in one line, to `fd` and close it. Nothing if fd is
// negative; a reader that has gone away is no error.
void ReportReady(int fd);
void ReportFailed(int fd, std::string message);

}  // namespace bitnet

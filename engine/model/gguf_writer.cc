#include "engine/model/gguf_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/model/gguf_keys.h"

namespace bitnet {
namespace {

// Neither Linux nor macOS writes more than 2 GiB at once.
constexpr size_t kMaxWrite = size_t{1} << 30;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool Exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace

GgufFileWriter::GgufFileWriter(std::string path, std::vector<GgufTensorPlan> tensors,
                               const GgufWriteOptions& options)
    : path_(std::move(path)), tensors_(std::move(tensors)), options_(options) {}

GgufFileWriter::~GgufFileWriter() { RemoveTemporary(); }

absl::StatusOr<std::unique_ptr<GgufFileWriter>> GgufFileWriter::Create(const std::string& path,
                                                                       const ModelKeys& keys,
                                                                       std::vector<GgufTensorPlan> tensors,
                                                                       const GgufWriteOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> header, GgufHeader(keys, tensors, options.alignment));
  auto writer = std::unique_ptr<GgufFileWriter>(new GgufFileWriter(path, std::move(tensors), options));
  RETURN_IF_ERROR(writer->Open());
  RETURN_IF_ERROR(writer->Write(header));
  return writer;
}

absl::Status GgufFileWriter::SystemError(int error, const char* what) const {
  return absl::ErrnoToStatus(error, absl::StrCat(path_, ": ", what));
}

absl::Status GgufFileWriter::Open() {
  if (!options_.overwrite && Exists(path_)) {
    return absl::AlreadyExistsError(absl::StrCat(path_, " exists"));
  }
  // A name that no program would open as a model, and that two writers of one file do not share.
  temporary_ = absl::StrFormat("%s.%d.%p.partial", path_, ::getpid(), static_cast<const void*>(this));
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) {
    const int error = errno;
    temporary_.clear();
    return SystemError(error, "cannot create a file beside it");
  }
  return absl::OkStatus();
}

absl::Status GgufFileWriter::Write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), std::min(bytes.size(), kMaxWrite));
    if (written < 0 && errno != EINTR) {
      const int error = errno;
      RemoveTemporary();
      return SystemError(error, "cannot write");
    }
    bytes = bytes.subspan(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  return absl::OkStatus();
}

absl::Status GgufFileWriter::Append(std::span<const uint8_t> piece) {
  if (file_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": nothing can be written after an error or the end"));
  }
  if (piece.empty()) {
    return absl::OkStatus();
  }
  const uint64_t left = tensor_ < tensors_.size() ? tensors_[tensor_].bytes - tensor_bytes_ : 0;
  if (piece.size() > left) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d bytes were given where tensor %s has %d left", path_, piece.size(),
                        tensor_ < tensors_.size() ? QuoteName(tensors_[tensor_].name) : "none", left));
  }
  RETURN_IF_ERROR(Write(piece));
  tensor_bytes_ += piece.size();
  if (piece.size() == left) {
    // What aligns the next tensor; readers want it after the last one, too.
    const uint64_t padding = (options_.alignment - tensor_bytes_ % options_.alignment) % options_.alignment;
    RETURN_IF_ERROR(Write(std::vector<uint8_t>(padding)));
    ++tensor_;
    tensor_bytes_ = 0;
  }
  return absl::OkStatus();
}

absl::Status GgufFileWriter::Finish() {
  if (file_ < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": nothing can be written after an error or the end"));
  }
  if (tensor_ < tensors_.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: tensor %s has %d of %d bytes", path_,
                                                      QuoteName(tensors_[tensor_].name), tensor_bytes_,
                                                      tensors_[tensor_].bytes));
  }
  const absl::Status status = SyncAndRename();
  RemoveTemporary();
  return status;
}

absl::Status GgufFileWriter::SyncAndRename() {
  if (::fsync(file_) != 0) {
    return SystemError(errno, "cannot bring it to the disk");
  }
  if (::close(std::exchange(file_, -1)) != 0) {
    return SystemError(errno, "cannot close it");
  }
  if (!options_.overwrite && Exists(path_)) {
    return absl::AlreadyExistsError(absl::StrCat(path_, " exists now, and did not before"));
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return SystemError(errno, "cannot give it its name");
  }
  temporary_.clear();
  // Names are on the disk when their folder is. Not every file system knows of that, and the file is whole.
  const int folder = ::open(FolderOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return absl::OkStatus();
}

void GgufFileWriter::RemoveTemporary() {
  if (file_ >= 0) {
    ::close(std::exchange(file_, -1));
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    temporary_.clear();
  }
}

}  // namespace bitnet

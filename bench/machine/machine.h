// What this machine is and can do, measured in the run that is held against it.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "bench/report/record.h"

namespace bitnet {

// Physical cores that this process may use.
int NumCores();

// "chip", "cores", and of the build "version", "commit", "compiler", "build_type" and "system".
void AddIdentity(Record& record);

// Ceilings of so many pinned threads. Each is measured when first asked for.
class Machine {
 public:
  double Bandwidth(int threads);                         // Bytes per second, read.
  double Int8Peak(const std::string& isa, int threads);  // Multiply-adds per second.

  // Adds "machine_bandwidth", "machine_int8_macs" and "int8_instruction".
  void AddCeilings(const std::string& isa, int threads, Record& record);

 private:
  std::map<int, double> bandwidth_;
  std::map<std::pair<std::string, int>, double> int8_;
};

}  // namespace bitnet

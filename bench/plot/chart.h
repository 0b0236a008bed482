// A chart with two axes and a legend.
#pragma once

#include <string>
#include <vector>

namespace bitnet {

struct ChartPoint {
  double x = 0;
  double y = 0;
  double low = 0;  // Of y, where it varied: drawn as a whisker from low to high; both 0: none.
  double high = 0;
  std::string label = {};  // Beside the point; "": none.
};

struct ChartSeries {
  std::string name;                // In the legend.
  std::vector<ChartPoint> points;  // In rising x where they are joined.
  bool joined = true;
  bool dots = true;
  bool dashed = false;  // Grey and dashed: what is possible, rather than what was measured.
};

struct Chart {
  std::string title;
  std::string subtitle;
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool log_y = false;               // Else y begins at 0.
  std::vector<double> x_ticks;      // Empty: round numbers.
  std::vector<ChartSeries> series;  // At least one with a point.
};

std::string RenderChart(const Chart& chart);

}  // namespace bitnet

#include "bench/plot/chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/plot/axis.h"
#include "bench/plot/svg.h"

namespace bitnet {
namespace {

constexpr int kWidth = 860;
constexpr int kHeight = 500;
constexpr double kLeft = 84, kRight = 600, kTop = 78, kBottom = 430;  // Of the area between the axes.
constexpr const char* kGrid = "#e4e4e4";
constexpr const char* kAxis = "#666666";
constexpr const char* kGrey = "#777777";
// Okabe and Ito's colours, which colour-blind readers can tell apart, without the yellow.
constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                   "#56b4e9", "#e69f00", "#000000"};

std::string TickText(double value) {
  if (value >= 1e4 && std::fmod(value, 1000) == 0) return absl::StrFormat("%gk", value / 1000);
  return absl::StrFormat("%g", value);
}

struct Extent {
  double low = INFINITY;
  double high = -INFINITY;
  void Add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

struct Frame {
  Axis x, y;
  std::vector<double> x_ticks, y_ticks;
  SvgPoint At(double px, double py) const { return {x.At(px), y.At(py)}; }
};

Frame MakeFrame(const Chart& chart) {
  Extent x, y;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      x.Add(point.x);
      y.Add(point.y);
      y.Add(std::max(point.y, point.high));
    }
  }
  Frame frame;
  if (chart.log_x) {
    const double room = std::pow(x.high / x.low, 0.04) * 1.02;
    frame.x = {x.low / room, x.high * room, true, kLeft, kRight};
    frame.x_ticks = chart.x_ticks.empty() ? LogTicks(frame.x.low, frame.x.high) : chart.x_ticks;
  } else {
    frame.x_ticks = chart.x_ticks.empty() ? RoundTicks(x.high, 6) : chart.x_ticks;
    const double highest = std::max(x.high, frame.x_ticks.back());
    frame.x = {0, highest == 0 ? 1 : highest * 1.03, false, kLeft, kRight};
  }
  if (chart.log_y) {
    frame.y = {y.low / 1.5, y.high * 1.5, true, kBottom, kTop};
    frame.y_ticks = LogTicks(frame.y.low, frame.y.high);
  } else {
    frame.y_ticks = RoundTicks(y.high, 6);
    frame.y = {0, frame.y_ticks.back(), false, kBottom, kTop};
  }
  return frame;
}

void DrawFrame(const Chart& chart, const Frame& frame, Svg& svg) {
  for (const double tick : frame.y_ticks) {
    const double y = frame.y.At(tick);
    svg.Line({kLeft, y}, {kRight, y}, kGrid, 1);
    svg.Text({kLeft - 8, y + 4}, TickText(tick), {.size = 12, .anchor = Anchor::kEnd});
  }
  for (const double tick : frame.x_ticks) {
    const double x = frame.x.At(tick);
    svg.Line({x, kTop}, {x, kBottom}, kGrid, 1);
    svg.Text({x, kBottom + 18}, TickText(tick), {.size = 12, .anchor = Anchor::kMiddle});
  }
  svg.Line({kLeft, kBottom}, {kRight, kBottom}, kAxis, 1.2);
  svg.Line({kLeft, kTop}, {kLeft, kBottom}, kAxis, 1.2);
  const double middle_x = (kLeft + kRight) / 2;
  svg.Text({kLeft, 30}, chart.title, {.size = 18, .color = "#111111", .bold = true});
  svg.Text({kLeft, 52}, chart.subtitle, {.size = 12, .color = kGrey});
  svg.Text({middle_x, kBottom + 44}, chart.x_label, {.size = 14, .anchor = Anchor::kMiddle});
  svg.Text({26, (kTop + kBottom) / 2}, chart.y_label,
           {.size = 14, .anchor = Anchor::kMiddle, .degrees = -90});
}

void DrawSeries(const ChartSeries& series, const Frame& frame, const char* color, Svg& svg) {
  std::vector<SvgPoint> line;
  for (const ChartPoint& point : series.points) {
    line.push_back(frame.At(point.x, point.y));
    if (point.high > point.low)
      svg.Line(frame.At(point.x, point.low), frame.At(point.x, point.high), color, 1.5);
  }
  if (series.joined) svg.Polyline(line, color, series.dashed ? 1.5 : 2.2, series.dashed ? "6 4" : "");
  if (!series.dots) return;
  for (size_t i = 0; i < line.size(); ++i) {
    const ChartPoint& point = series.points[i];
    svg.Dot(line[i], 4.5, color, absl::StrFormat("%s: %.4g, %.4g", series.name, point.x, point.y));
    if (point.label.empty()) continue;
    // To the right, unless the legend stands there.
    const bool left = line[i].x > kRight - 90;
    svg.Text({line[i].x + (left ? -9 : 9), line[i].y + 16}, point.label,
             {.size = 11, .color = color, .anchor = left ? Anchor::kEnd : Anchor::kStart});
  }
}

}  // namespace

std::string RenderChart(const Chart& chart) {
  const Frame frame = MakeFrame(chart);
  Svg svg(kWidth, kHeight);
  DrawFrame(chart, frame, svg);
  int measured = 0;
  double legend_y = kTop + 8;
  for (const ChartSeries& series : chart.series) {
    const char* color = series.dashed ? kGrey : kColors[measured++ % std::size(kColors)];
    DrawSeries(series, frame, color, svg);
    const double x = kRight + 22;
    if (series.joined) svg.Line({x, legend_y}, {x + 22, legend_y}, color, 2.2, series.dashed ? "6 4" : "");
    if (series.dots) svg.Dot({x + 11, legend_y}, 4.5, color, series.name);
    svg.Text({x + 30, legend_y + 4}, series.name, {.size = 12});
    legend_y += 22;
  }
  return svg.Finish();
}

}  // namespace bitnet

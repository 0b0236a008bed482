// Writes SVG 1.1: the few shapes that charts are made of.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bitnet {

struct SvgPoint {
  double x = 0;
  double y = 0;  // Downwards.
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  int size = 13;
  const char* color = "#333333";
  Anchor anchor = Anchor::kStart;
  bool bold = false;
  int degrees = 0;  // Turned clockwise around its position.
};

class Svg {
 public:
  Svg(int width, int height);

  void Line(SvgPoint from, SvgPoint to, const char* color, double width, const char* dashes = "");
  void Polyline(std::span<const SvgPoint> points, const char* color, double width, const char* dashes = "");
  // Filled, with a white edge that keeps neighbours apart. `title` shows when one points at it.
  void Dot(SvgPoint center, double radius, const char* color, std::string_view title);
  void Text(SvgPoint at, std::string_view text, const TextStyle& style);

  // The whole document.
  std::string Finish() const;

 private:
  std::string text_;
};

// Text with &, <, > and quotes written as XML wants them, and control characters left out.
std::string EscapeXml(std::string_view text);

}  // namespace bitnet

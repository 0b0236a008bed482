#include "bench/plot/svg.h"

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

const char* AnchorName(Anchor anchor) {
  return anchor == Anchor::kStart ? "start" : anchor == Anchor::kMiddle ? "middle" : "end";
}

std::string Dashes(const char* dashes) {
  return *dashes == '\0' ? "" : absl::StrFormat(" stroke-dasharray=\"%s\"", dashes);
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) escaped += c;
    }
  }
  return escaped;
}

Svg::Svg(int width, int height) {
  absl::StrAppendFormat(&text_,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                        "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, sans-serif\">\n"
                        "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                        width, height, width, height, width, height);
}

void Svg::Line(SvgPoint from, SvgPoint to, const char* color, double width, const char* dashes) {
  absl::StrAppendFormat(
      &text_,
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.1f\"%s/>\n",
      from.x, from.y, to.x, to.y, color, width, Dashes(dashes));
}

void Svg::Polyline(std::span<const SvgPoint> points, const char* color, double width, const char* dashes) {
  text_ += "<polyline points=\"";
  for (const SvgPoint& point : points) {
    absl::StrAppendFormat(&text_, "%.1f,%.1f ", point.x, point.y);
  }
  absl::StrAppendFormat(
      &text_, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" stroke-linejoin=\"round\"%s/>\n", color,
      width, Dashes(dashes));
}

void Svg::Dot(SvgPoint center, double radius, const char* color, std::string_view title) {
  absl::StrAppendFormat(&text_,
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\" stroke=\"#ffffff\" "
                        "stroke-width=\"1.5\"><title>%s</title></circle>\n",
                        center.x, center.y, radius, color, EscapeXml(title));
}

void Svg::Text(SvgPoint at, std::string_view text, const TextStyle& style) {
  const std::string turn =
      style.degrees == 0 ? ""
                         : absl::StrFormat(" transform=\"rotate(%d %.1f %.1f)\"", style.degrees, at.x, at.y);
  absl::StrAppendFormat(
      &text_, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" fill=\"%s\" text-anchor=\"%s\"%s%s>%s</text>\n",
      at.x, at.y, style.size, style.color, AnchorName(style.anchor),
      style.bold ? " font-weight=\"bold\"" : "", turn, EscapeXml(text));
}

std::string Svg::Finish() const { return text_ + "</svg>\n"; }

}  // namespace bitnet

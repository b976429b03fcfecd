// SPDX-License-Identifier: Apache-2.0
// A line chart with two logarithmic axes, as SVG text.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace memseal::bench {

struct Point {
  double x, y;
};

struct Series {
  std::string label, colour;
  std::vector<Point> points{};
};

struct Chart {
  std::string title, x_title, y_title;
  std::vector<Series> series{};
};

class SvgChart {
public:
  explicit SvgChart(const Chart &chart) : chart_(chart) {
    for (const Series &series : chart.series) {
      for (Point p : series.points)
        top_ = std::max(top_, p.y * 1.15);
    }
  }

  std::string draw() {
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" "
        "font-family=\"sans-serif\" font-size=\"13\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
        width, height);
    text(left, 28, "start", "#111", chart_.title + "\" font-size=\"17");
    axes();
    for (const Series &series : chart_.series)
      line(series);
    labels();
    return out_ + "</svg>\n";
  }

private:
  static constexpr double width = 820, height = 460, left = 70, right = 590,
                          upper = 50, lower = 400;

  template <typename... Values>
  void add(const char *format, Values... values) {
    char buffer[512];
    std::snprintf(buffer, sizeof buffer, format, values...);
    out_ += buffer;
  }
  /// `words` may end with further attributes after a quotation mark.
  void text(double x, double y, const char *anchor, const char *colour,
            const std::string &words) {
    std::size_t quote = words.find('"');
    std::string more =
        quote == std::string::npos ? "" : words.substr(quote + 1) + "\"";
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" %s>%s"
        "</text>\n",
        x, y, anchor, colour, more.c_str(), words.substr(0, quote).c_str());
  }
  double at_x(double x) const {
    return left + (right - left) * std::log(x) / std::log(1200.0);
  }
  double at_y(double y) const {
    double low = std::log(bottom_);
    return lower -
           (lower - upper) * (std::log(y) - low) / (std::log(top_) - low);
  }

  void axes() {
    for (double y : {1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0}) {
      if (y > top_)
        break;
      add("<line x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\" "
          "stroke=\"#ddd\"/>\n",
          left, right, at_y(y), at_y(y));
      char tick[16];
      std::snprintf(tick, sizeof tick, "%g×", y);
      text(left - 8, at_y(y) + 4, "end", "#444", tick);
    }
    for (double x : {1.0, 10.0, 100.0, 600.0, 1200.0}) {
      add("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%g\" y2=\"%g\" "
          "stroke=\"#999\"/>\n",
          at_x(x), at_x(x), lower, lower + 5);
      char tick[16];
      std::snprintf(tick, sizeof tick, "%g", x);
      text(at_x(x), lower + 20, x == 600 ? "end" : "middle", "#444", tick);
    }
    add("<line x1=\"%g\" x2=\"%g\" y1=\"%g\" y2=\"%g\" stroke=\"#999\"/>\n",
        left, right, lower, lower);
    text((left + right) / 2, lower + 42, "middle", "#444", chart_.x_title);
    text(-(upper + lower) / 2, 20, "middle", "#444",
         chart_.y_title + "\" transform=\"rotate(-90)");
  }

  void line(const Series &series) {
    std::string path;
    for (Point p : series.points) {
      char step[48];
      std::snprintf(step, sizeof step, "%s%.1f %.1f", path.empty() ? "M" : " L",
                    at_x(p.x), at_y(p.y));
      path += step;
      add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
          at_x(p.x), at_y(p.y), series.colour.c_str());
    }
    out_ += "<path fill=\"none\" stroke-width=\"2\" stroke=\"" + series.colour +
            "\" d=\"" + path + "\"/>\n";
  }

  /// At the end of each line, moved apart where they would overlap.
  void labels() {
    std::vector<const Series *> order;
    for (const Series &series : chart_.series) {
      if (!series.points.empty())
        order.push_back(&series);
    }
    auto end_of = [&](const Series *s) { return at_y(s->points.back().y); };
    std::sort(order.begin(), order.end(),
              [&](auto *a, auto *b) { return end_of(a) < end_of(b); });
    double last = 0;
    for (const Series *series : order) {
      double y = std::max(end_of(series) + 4, last + 17);
      last = y;
      text(right + 14, y, "start", series->colour.c_str(), series->label);
    }
  }

  const Chart &chart_;
  double bottom_ = 0.9, top_ = 2;
  std::string out_{};
};

inline std::string svg(const Chart &chart) {
  return SvgChart(chart).draw();
}

}  // namespace memseal::bench

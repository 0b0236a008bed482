#!/usr/bin/env python3
"""Draws the course of HeatHourTest as SVG.

BITNET_HEAT_CSV=heat.csv service_test --gtest_filter='Seeds/HeatHourTest.Cools*/0' && plot_heat.py heat.csv > heat.svg
"""
import csv
import sys

CURVES = (("watts", "#c33"), ("celsius", "#e90"), ("running", "#36c"), ("weight", "#000"))
WIDTH, HEIGHT, TOP = 1200, 400, 110.0  # TOP: of the vertical axis, in each curve's own unit; weights in per cent.


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    last = max(float(row["second"]) for row in rows)
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">' % (WIDTH, HEIGHT))
    for number, (name, colour) in enumerate(CURVES):
        points = " ".join("%.1f,%.1f" % (float(row["second"]) / last * WIDTH, HEIGHT * (1 - float(row[name]) * (100 if name == "weight" else 1) / TOP))
                          for row in rows)
        print('<polyline fill="none" stroke="%s" points="%s"/>' % (colour, points))
        print('<text x="8" y="%d" fill="%s">%s</text>' % (20 + 18 * number, colour, name))
    print("</svg>")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws a simulated hour of HeatHourTest or PowerHoursTest as SVG, each column of its CSV as a curve in its own unit.

BITNET_HEAT_CSV=heat.csv service_test --gtest_filter='Seeds/HeatHourTest.*/0' && plot_heat.py heat.csv > heat.svg
BITNET_HEAT_CSV=power.csv service_test --gtest_filter='*PowerHoursTest.*/AlikeBursts40WSeed1' && plot_heat.py power.csv > power.svg
"""
import csv
import sys

COLOURS = {"watts": "#c33", "ceiling": "#f9a", "celsius": "#e90", "running": "#36c", "limit": "#084", "waiting": "#bbb"}
WIDTH, HEIGHT, TOP, STEP = 1200, 440, 110, 10  # TOP: of the vertical axis, which has a line every STEP.


def curve(rows, name):
    last = float(rows[-1]["second"])
    return " ".join("%.1f,%.1f" % (float(row["second"]) / last * WIDTH, HEIGHT * (1 - float(row[name]) / TOP)) for row in rows)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">' % (WIDTH, HEIGHT))
    print('<rect width="100%" height="100%" fill="white"/>')
    for value in range(STEP, TOP, STEP):
        y = HEIGHT * (1 - value / TOP)
        print('<path d="M0 %.1fH%d" stroke="#eee"/><text x="%d" y="%.1f" fill="#888">%d</text>' % (y, WIDTH, WIDTH - 28, y, value))
    for number, name in enumerate(name for name in rows[0] if name != "second"):
        colour = COLOURS.get(name, "#000")
        print('<polyline fill="none" stroke="%s" points="%s"/>' % (colour, curve(rows, name)))
        print('<text x="%d" y="18" fill="%s">%s</text>' % (8 + 110 * number, colour, name))
    print("</svg>")


if __name__ == "__main__":
    main()

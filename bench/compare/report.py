"""Medians and ratios of what was measured, as a table and as JSON."""
import json
import os
import statistics


def median(rates):
    return statistics.median(rates) if rates else None


def rows(samples, names):
    """samples: {(benchmark, threads): {name: [tokens per second]}}. The first of `names` is compared with the others."""
    first = names[0]
    result = []
    for (benchmark, threads), rates in samples.items():
        medians = {name: median(rates.get(name)) for name in names}
        result.append({
            "benchmark": benchmark, "threads": threads,
            "tokens_per_second": medians, "samples": {name: rates.get(name, []) for name in names},
            "ratios": {name: medians[first] / medians[name] for name in names[1:] if medians[first] and medians[name]}})
    return result


def _cell(row, name):
    rates = row["samples"][name]
    if not rates:
        return "-"
    return "%.2f (%.2f to %.2f)" % (row["tokens_per_second"][name], min(rates), max(rates))


def table(measured, names):
    head = ["benchmark", "threads", names[0]]
    for name in names[1:]:
        head += [name, "%s / %s" % (names[0], name)]
    lines = [head, ["---"] * len(head)]
    for row in measured:
        line = [row["benchmark"], str(row["threads"]), _cell(row, names[0])]
        for name in names[1:]:
            line += [_cell(row, name), "%.2f" % row["ratios"][name] if name in row["ratios"] else "-"]
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_json(path, measured, about):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        json.dump({**about, "results": measured}, file, indent=1)
        file.write("\n")

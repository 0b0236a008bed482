// Prometheus' text format 0.0.4, as far as this server writes it.

const kLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const kLabel = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function number(text) {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** All samples of a page: {name, labels, value}[]. */
export function parse(text) {
  const samples = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : kLine.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, key, value] of (match[2] ?? '').matchAll(kLabel)) labels[key] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    samples.push({ name: match[1], labels, value: number(match[3]) });
  }
  return samples;
}

/** The samples of a page, to be asked by name and labels. */
export class Page {
  constructor(samples, time) {
    this.time = time; // Seconds.
    this.byName = Map.groupBy ? Map.groupBy(samples, ({ name }) => name) : group(samples);
  }
  all(name, wanted = {}) {
    return (this.byName.get(name) ?? []).filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value));
  }
  /** undefined where there is none: what is not measured is not zero. */
  sum(name, wanted) {
    const found = this.all(name, wanted);
    return found.length ? found.reduce((sum, { value }) => sum + value, 0) : undefined;
  }
  max(name, wanted) {
    const found = this.all(name, wanted);
    return found.length ? Math.max(...found.map(({ value }) => value)) : undefined;
  }
}

function group(samples) {
  const map = new Map();
  for (const sample of samples) map.set(sample.name, [...(map.get(sample.name) ?? []), sample]);
  return map;
}

// What pages of counters say about the time between them.

/** Per second; undefined where it is not counted. A counter that fell has begun anew. */
export function rate(from, to, name, wanted) {
  const before = from.sum(name, wanted) ?? 0;
  const after = to.sum(name, wanted);
  if (after === undefined || to.time <= from.time) return undefined;
  return Math.max(0, after - (after < before ? 0 : before)) / (to.time - from.time);
}

/** The q-quantile of what a histogram has got between two pages, linear within a bucket; undefined if nothing. */
export function quantile(from, to, name, q, wanted) {
  const buckets = new Map();
  const add = (page, sign) => {
    for (const { labels, value } of page.all(`${name}_bucket`, wanted)) {
      const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
      buckets.set(bound, (buckets.get(bound) ?? 0) + sign * value);
    }
  };
  add(to, 1);
  add(from, -1);
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const total = buckets.get(Infinity) ?? 0;
  if (total <= 0) return undefined;
  let lower = 0;
  let below = 0;
  for (const bound of bounds) {
    const count = buckets.get(bound);
    if (count >= q * total) {
      return bound === Infinity ? lower : lower + (bound - lower) * ((q * total - below) / (count - below || 1));
    }
    lower = bound;
    below = count;
  }
  return lower;
}

/** "1.2 k", "34 ms", "–" for what is not known. */
export function show(value, unit = '') {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (unit === 's') return value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
  if (value >= 1e6) return `${digits(value / 1e6)} M${unit}`;
  if (value >= 1e4) return `${digits(value / 1e3)} k${unit}`;
  return digits(value) + (unit && ` ${unit}`);
}

function digits(value) {
  if (value === 0) return '0';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(2).replace(/\.?0+$/, '');
}

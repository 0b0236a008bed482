// The pictures of the last two minutes. Without the chart library they are numbers.

import { quantile, rate, show } from './figures.js';

export const kWindow = 120; // Seconds.
const kSmooth = 5; // Rates and quantiles are of so many pages.

const latency = (name) => [['p50', 0.5], ['p95', 0.95]].map(([label, q]) => ({ label, unit: 's', of: (from, to) => quantile(from, to, name, q) }));

function joulesPerToken(from, to) {
  const tokens = rate(from, to, 'bitnet_generated_tokens_total');
  const watts = rate(from, to, 'bitnet_request_energy_joules_total');
  return tokens && watts !== undefined ? watts / tokens : undefined;
}

// `optional` ones are shown once something tells them.
const kTiles = [
  { title: 'Tokens per second', series: [
    { label: 'generated', of: (from, to) => rate(from, to, 'bitnet_generated_tokens_total') },
    { label: 'read', of: (from, to) => rate(from, to, 'bitnet_worker_prefill_tokens_total') }] },
  { title: 'Streams', series: [
    { label: 'running', of: (_, to) => to.sum('bitnet_requests_running') },
    { label: 'waiting', of: (_, to) => to.sum('bitnet_queue_requests') ?? to.sum('bitnet_requests_waiting') }] },
  { title: 'Time to first token', series: latency('bitnet_time_to_first_token_seconds') },
  { title: 'Between tokens', series: latency('bitnet_inter_token_latency_seconds') },
  { title: 'KV and prefix cache', series: [
    { label: 'KV used', unit: '%', of: (_, to) => percent(to.sum('bitnet_kv_blocks_used'), to.sum('bitnet_kv_blocks')) },
    { label: 'prefix hits', unit: '%', of: (from, to) => percent(rate(from, to, 'bitnet_worker_prefix_hit_tokens_total'),
      rate(from, to, 'bitnet_worker_prefix_query_tokens_total')) }] },
  { title: 'Power', optional: true, series: [
    { label: 'watts', unit: 'W', of: (_, to) => to.max('bitnet_power_watts') },
    { label: 'joules per token', unit: 'J', of: joulesPerToken }] },
  { title: 'Heat', optional: true, series: [
    { label: 'hottest', unit: '°C', of: (_, to) => to.max('bitnet_temperature_celsius') },
    { label: 'pressure', of: (_, to) => to.max('bitnet_thermal_pressure') }] },
];

function percent(part, whole) {
  return whole ? (100 * (part ?? 0)) / whole : undefined;
}

class Tile {
  constructor({ title, series, optional }) {
    this.series = series;
    this.optional = optional;
    this.times = [];
    this.values = series.map(() => []);
    this.root = document.createElement('article');
    this.root.className = 'card';
    this.root.hidden = Boolean(optional);
    const heading = document.createElement('h3');
    heading.textContent = title;
    const list = document.createElement('dl');
    list.className = 'values';
    this.shown = series.map(({ label }, i) => {
      const pair = document.createElement('div');
      pair.className = `s${i}`;
      const name = document.createElement('dt');
      name.textContent = label;
      const value = document.createElement('dd');
      value.textContent = '–';
      pair.append(name, value);
      list.append(pair);
      return value;
    });
    this.chart = document.createElement('div');
    this.chart.className = 'chart';
    this.chart.setAttribute('aria-hidden', 'true'); // The values say the same.
    this.root.append(heading, list);
    if (window.uPlot) this.root.append(this.chart);
  }

  add(from, to) {
    const values = this.series.map(({ of }) => of(from, to));
    if (this.optional && this.root.hidden) {
      if (values.every((value) => value === undefined)) return;
      this.root.hidden = false;
    }
    this.times.push(to.time);
    values.forEach((value, i) => {
      this.values[i].push(value ?? null);
      this.shown[i].textContent = show(value, this.series[i].unit);
    });
    while (this.times[0] < to.time - kWindow) {
      this.times.shift();
      this.values.forEach((list) => list.shift());
    }
    if (window.uPlot) this.draw(to.time);
  }

  draw(now) {
    const width = this.chart.clientWidth;
    if (!width) return;
    if (!this.plot) this.plot = new window.uPlot(this.options(width), [this.times, ...this.values], this.chart);
    if (this.plot.width !== width) this.plot.setSize({ width, height: 96 });
    this.plot.setData([this.times, ...this.values], false);
    this.plot.setScale('x', { min: now - kWindow, max: now });
  }

  options(width) {
    const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: style('--faint'), grid: { stroke: style('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    // Values of two units have an axis each, of which the first is drawn.
    const scale = (i) => (this.series[i].unit === this.series[0].unit ? 'y' : `y${i}`);
    const range = (_, __, max) => [0, max > 0 ? max * 1.1 : 1];
    return {
      width, height: 96, legend: { show: false }, cursor: { show: false }, padding: [6, 4, 8, 0],
      scales: { x: { time: true, auto: false }, ...Object.fromEntries(this.series.map((_, i) => [scale(i), { range }])) },
      axes: [{ ...axis, show: false }, { ...axis, scale: 'y', size: 44, values: (_, marks) => marks.map((mark) => show(mark, this.series[0].unit)) }],
      series: [{}, ...this.series.map((_, i) => ({ scale: scale(i), stroke: style(i ? '--b' : '--a'), width: 2, spanGaps: false,
        fill: i ? undefined : `${style('--a')}22`, points: { show: false } }))],
    };
  }

  restyle() {
    this.plot?.destroy();
    this.plot = undefined;
  }
}

/** Fills `root`; returns what takes each new page. */
export function makeTiles(root) {
  const tiles = kTiles.map((tile) => new Tile(tile));
  root.replaceChildren(...tiles.map((tile) => tile.root));
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => tiles.forEach((tile) => tile.restyle()));
  const pages = [];
  return (page) => {
    pages.push(page);
    if (pages.length > kSmooth + 1) pages.shift();
    if (pages.length > 1) tiles.forEach((tile) => tile.add(pages[0], page));
  };
}

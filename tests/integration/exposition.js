// Reads Prometheus' text format, and the table of deploy/prometheus/METRICS.md.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { kSource } = require('./front.js');

// What a series of a histogram is called besides the family.
const kParts = /_(bucket|sum|count)$/;

// The families of a page by name: {type, help, labels: names in order of the alphabet}.
function families(page) {
  const found = new Map();
  for (const line of page.split('\n').filter(Boolean)) {
    const meta = line.match(/^# (HELP|TYPE) (\S+) (.*)$/);
    if (meta) {
      const [, what, name, text] = meta;
      if (!found.has(name)) found.set(name, { labels: new Set() });
      found.get(name)[what.toLowerCase()] = text;
      continue;
    }
    const series = line.match(/^(\w+)(?:\{(.*)\})? \S+$/);
    assert.ok(series, `not a series: ${line}`);
    const family = found.get(series[1]) ?? found.get(series[1].replace(kParts, ''));
    assert.ok(family, `no family: ${line}`);
    for (const [, label] of (series[2] ?? '').matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
      if (label !== 'le') family.labels.add(label);
    }
  }
  return new Map([...found].map(([name, family]) => [name, { ...family, labels: [...family.labels].sort() }]));
}

// The rows of the table by name: {type, labels, help, there}.
function catalogue() {
  const text = fs.readFileSync(path.join(kSource, 'deploy/prometheus/METRICS.md'), 'utf8');
  return new Map([...text.matchAll(/^\| `(bitnet_\w+)` \|(.*)\|$/gm)].map(([, name, row]) => {
    const [type, labels, unit, there, help] = row.split('|').map((cell) => cell.trim());
    return [name, { type, labels: labels.split(', ').filter(Boolean).sort(), unit, there, help }];
  }));
}

module.exports = { catalogue, families };

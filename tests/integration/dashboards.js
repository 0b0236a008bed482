// The dashboards of deploy/grafana, and what Grafana would make of their queries.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { kSource } = require('./front.js');

const kFolder = path.join(kSource, 'deploy/grafana/dashboards');

// By file name: the parsed JSON.
function dashboards() {
  return new Map(fs.readdirSync(kFolder).map((file) => [file, JSON.parse(fs.readFileSync(path.join(kFolder, file), 'utf8'))]));
}

// Those that ask something.
function panels(dashboard) {
  return dashboard.panels.filter((panel) => panel.type !== 'row');
}

// A query with its variables: `values` by name, arrays where several may be chosen. Of these Grafana makes a regular expression.
function substitute(text, values) {
  return text.replace(/\$\{?(\w+)\}?/g, (_, name) => {
    if (!(name in values)) throw new Error(`${text}: no variable ${name}`);
    const value = values[name];
    if (!Array.isArray(value)) return value;
    const escaped = value.map((one) => one.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&'));
    return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
  });
}

module.exports = { dashboards, kFolder, panels, substitute };

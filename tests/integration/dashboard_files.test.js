// The dashboards as files: what Grafana's schema says of them, and what it cannot say.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const typescript = require('typescript');
const { dashboards, kFolder, panels } = require('./dashboards.js');
const { catalogue } = require('./exposition.js');
const { kSource } = require('./front.js');

// Errors of dashboard_types.ts with `json` as a dashboard. No file is written: the compiler asks for one, and gets it.
function typeErrors(json) {
  const file = path.join(__dirname, 'dashboard.ts');
  const source = `import type { BitnetDashboard } from './dashboard_types';\nexport const dashboard: BitnetDashboard = ${json};\n`;
  const modules = path.dirname(path.dirname(path.dirname(require.resolve('@grafana/schema/package.json'))));
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext,
    moduleResolution: typescript.ModuleResolutionKind.Bundler, paths: { '@grafana/schema': [`${modules}/@grafana/schema`], '@grafana/schema/*': [`${modules}/@grafana/schema/*`] },
  };
  const host = typescript.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) => (name === file ? typescript.createSourceFile(name, source, options.target) : getSourceFile(name, ...rest));
  const program = typescript.createProgram([file], options, host);
  return typescript.getPreEmitDiagnostics(program).map(({ start, messageText }) => {
    const line = start === undefined ? '' : source.slice(0, start).split('\n').length - 1;
    return `line ${line}: ${typescript.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

for (const [file, dashboard] of dashboards()) {
  test(`${file} is what Grafana's schema wants`, () => {
    assert.deepStrictEqual(typeErrors(fs.readFileSync(path.join(kFolder, file), 'utf8')), []);
  });

  test(`${file} has panels side by side, each with a title of its own`, () => {
    const ids = dashboard.panels.map(({ id }) => id);
    assert.strictEqual(new Set(ids).size, ids.length);
    const titles = panels(dashboard).map(({ title }) => title);
    assert.deepStrictEqual(titles.filter((title, i) => titles.indexOf(title) !== i), []);
    const taken = new Set();
    for (const { title, gridPos: { x, y, w, h } } of dashboard.panels) {
      assert.ok(x + w <= 24, title);
      for (let column = x; column < x + w; ++column) {
        for (let row = y; row < y + h; ++row) {
          assert.ok(!taken.has(`${column},${row}`), `${title} lies over another panel`);
          taken.add(`${column},${row}`);
        }
      }
    }
  });

  test(`${file} asks for nothing that is not there`, () => {
    const rules = fs.readFileSync(path.join(kSource, 'deploy/prometheus/recording_rules.yml'), 'utf8');
    const recorded = new Set([...rules.matchAll(/record: (\S+)/g)].map(([, name]) => name));
    const table = catalogue();
    for (const { title, targets } of panels(dashboard)) {
      for (const { expr } of targets) {
        for (const [name] of expr.matchAll(/\b(?:\w+:)?bitnet_\w+(?::\w+)?/g)) {
          const known = name.includes(':') ? recorded.has(name) : table.has(name) || table.has(name.replace(/_(bucket|sum|count)$/, ''));
          assert.ok(known, `${title}: ${name}`);
        }
      }
    }
  });
}

test('an unknown field or value is an error', () => {
  const json = fs.readFileSync(path.join(kFolder, 'fleet.json'), 'utf8');
  assert.match(typeErrors(json.replace('"drawStyle": "line"', '"drawStyle": "lines"')).join(), /"lines"/);
  assert.match(typeErrors(json.replace('"graphTooltip"', '"graphTooltips"')).join(), /graphTooltips/);
  assert.match(typeErrors(json.replace('"legendFormat"', '"legend"')).join(), /legend/);
});

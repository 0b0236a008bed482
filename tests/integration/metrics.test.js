// The page of metrics and deploy/prometheus/METRICS.md say the same.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { catalogue, families } = require('./exposition.js');
const { Front, get, until } = require('./front.js');

const table = catalogue();
let front;
let page;

before(async () => {
  front = await Front.start();
  await front.awaitHealth('SERVING');
  await Promise.all([1, 2, 3].map(() => front.generate({ text: 'The lighthouse', max_tokens: 20 })));
  // Counted when the streams are done, and with a worker's next poll.
  await until(async () => {
    page = (await get(front.http, '/metrics')).body;
    return /^bitnet_requests_total\{.*\} 3$/m.test(page) && /^bitnet_step_seconds_count\{.*\} [1-9]/m.test(page);
  }, 'metrics of three requests');
});
after(() => front.stop());

test('every family of the page is in the table, with the same type, labels and help', () => {
  for (const [name, { type, labels, help }] of families(page)) {
    assert.ok(table.has(name), `${name} is not in METRICS.md`);
    const row = table.get(name);
    assert.deepStrictEqual({ name, type, labels, help }, { name, type: row.type, labels: row.labels, help: row.help });
  }
});

test('every row of the table is on the page of a front that had requests, unless it needs a sensor or a ceiling of power', () => {
  const found = families(page);
  for (const [name, { there }] of table) {
    assert.match(there, /^(always|request|model|worker|sensor|cap)$/);
    if (!['sensor', 'cap'].includes(there)) assert.ok(found.has(name), `${name} is not on the page`);
  }
});

test('what is always there is there before the first worker', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-test-'));
  const pipe = path.join(folder, 'model.gguf'); // Nobody writes into it: its worker starts for ever.
  assert.strictEqual(spawnSync('mkfifo', [pipe]).status, 0);
  const early = await Front.start('--model', pipe);
  const { body } = await get(early.http, '/metrics');
  await early.stop();
  fs.rmSync(folder, { recursive: true });
  const found = families(body);
  for (const [name, { there }] of table) {
    assert.strictEqual(found.has(name), there === 'always', `${name} is there: ${there}`);
  }
});

test('names end in their unit, counters in _total', () => {
  const suffixes = { seconds: 'seconds', joules: 'joules', watts: 'watts', hertz: 'hertz', 'degrees Celsius': 'celsius' };
  for (const [name, { type, unit }] of table) {
    assert.strictEqual(name.endsWith('_total'), type === 'counter', name);
    if (suffixes[unit]) assert.ok(name.replace(/_total$/, '').endsWith(`_${suffixes[unit]}`), `${name} in ${unit}`);
  }
});

test('steps are counted with their batch', async () => {
  const steps = await front.metric('bitnet_step_seconds_count');
  assert.strictEqual(await front.metric('bitnet_batch_size_count'), steps);
  assert.ok(await front.metric('bitnet_batch_size_sum') >= steps, 'each step has a sequence');
});

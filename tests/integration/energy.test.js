// Joules of answers, from a counter that this test moves: workers read a /sys of its own.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { FakeMachine } = require('./fake_machine.js');
const { Front, get, until } = require('./front.js');

const kLabels = 'source="powercap",scope="package"';
const kRequest = { text: 'Once upon a time', max_tokens: 300, ignore_eos: true };
let machine;
let front;

before(async () => {
  machine = new FakeMachine({ heat: false });
  front = await Front.start('--sensor-root', machine.root, '--workers', '2', '--threads', '1');
  await front.awaitHealth('SERVING');
});
after(async () => {
  await front.stop();
  machine.close();
});

const charged = () => front.metric('bitnet_request_energy_joules_total');
let answered = 0; // Joules of all answers.

async function generate(request) {
  const { finished, error } = await front.generate(request);
  assert.ifError(error);
  answered += finished.usage.energy.joules;
  return finished.usage.energy;
}

test('tells with the usage what an answer took, and by which counter', async () => {
  const energy = await generate(kRequest);
  assert.strictEqual(energy.source, 'powercap');
  assert.strictEqual(energy.scope, 'package');
  assert.ok(energy.joules > 0, `${energy.joules} J`);
});

test('charges answers with what the workers charged, to one per cent', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => generate({ ...kRequest, max_tokens: 30 * (i + 1) })));
  await until(async () => Math.abs(await charged() - answered) <= 0.01 * answered, 'the sum is what was charged');
});

test('adds the energy of both workers up when an answer moves', async () => {
  let killed = false;
  const { finished, error, ids } = await front.generate({ ...kRequest, max_tokens: 480 }, {
    onEvent: (event, call, { ids: soFar }) => {
      if (!killed && soFar.length > 100) {
        killed = true;
        for (const pid of front.workerPids()) process.kill(pid, 'SIGKILL');
      }
    },
  });
  assert.ifError(error);
  assert.strictEqual(ids.length, 480);
  assert.ok(finished.usage.attempts > 1);
  // What the workers charge now began with them, after the first part of the answer.
  await until(async () => (await charged()) > 0, 'a new worker told what it charged');
  const last = await charged();
  assert.ok(finished.usage.energy.joules > last, `${finished.usage.energy.joules} J, of which ${last} J by the last worker`);
});

test('shows the counter and the power, which is that of the machine', async () => {
  await until(async () => (await front.metric('bitnet_power_watts', kLabels)) > 0, 'a power is told');
  assert.ok(await front.metric('bitnet_energy_joules_total', kLabels) > 0);
  assert.ok(await front.metric('bitnet_idle_energy_joules_total') > 0);
});

test('has no series where nothing is counted, and no energy in the usage', async () => {
  const bare = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-sys-'));
  const other = await Front.start('--sensor-root', bare);
  try {
    await other.awaitHealth('SERVING');
    const { finished, error } = await other.generate({ ...kRequest, max_tokens: 5 });
    assert.ifError(error);
    assert.ok(!finished.usage.energy);
    await until(async () => (await other.metric('bitnet_worker_decode_tokens_total')) > 0, 'the worker told its status');
    const { body } = await get(other.http, '/metrics');
    assert.doesNotMatch(body, /joules|watts|celsius|thermal|hertz/);
  } finally {
    await other.stop();
    fs.rmSync(bare, { recursive: true });
  }
});

test('tells HTTP clients too', async () => {
  const before = await charged();
  const response = await fetch(`http://${front.http}/v1/completions`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt: kRequest.text, max_tokens: 300, ignore_eos: true, n: 2, temperature: 0 }) });
  const { energy } = (await response.json()).usage;
  assert.deepStrictEqual([energy.source, energy.scope], ['powercap', 'package']);
  assert.ok(energy.joules > 0);
  await until(async () => (await charged()) > before, 'the worker has told what it charged');
});

test('workers divide what a busy machine takes between themselves and other programs', async () => {
  const shared = new FakeMachine({ heat: false, busy: 4 }); // This one has fewer, so that half at least is others' work.
  const both = await Front.start('--sensor-root', shared.root, '--workers', '2', '--threads', '1');
  try {
    await both.awaitHealth('SERVING');
    await until(async () => (await both.metric('bitnet_worker_up')) === 2, 'two workers');
    let joules = 0;
    const total = () => both.metric('bitnet_request_energy_joules_total');
    await Promise.all(Array.from({ length: 12 }, async () => {
      const { finished, error } = await both.generate({ ...kRequest, max_tokens: 400 });
      assert.ifError(error);
      assert.strictEqual(finished.usage.energy.scope, 'package share');
      joules += finished.usage.energy.joules;
    }));
    await until(async () => Math.abs(await total() - joules) <= 0.01 * joules, 'the sum is what was charged');
    const whole = await both.metric('bitnet_energy_joules_total', 'scope="package"') / 2; // Each worker shows all of it.
    const share = await both.metric('bitnet_energy_joules_total', 'scope="package share"');
    assert.ok(share > 0 && share < 0.6 * whole, `${share} J of ${whole} J`);
    assert.ok(joules <= share, `${joules} J of ${share} J`);
  } finally {
    await both.stop();
    shared.close();
  }
});

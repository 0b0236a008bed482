// The ceiling of power: a counter that this test moves says more than it allows, and fewer requests run at once.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { catalogue, families } = require('./exposition.js');
const { FakeMachine } = require('./fake_machine.js');
const { Front, get, until } = require('./front.js');

const kSequences = 4;
const kWholeTurn = process.env.BITNET_POWER_TURN === '1'; // Also the way back, which waits for real minutes.
const kTurnMs = 180000; // It comes back a minute after it went down, then by one each twelve seconds.
let machine;
let front;
let load;

// More answers at once than there are places, until `stop()`, which tells what has become of them.
function startLoad() {
  let running = true;
  const answers = { complete: 0, errors: [] };
  const loop = async () => {
    while (running) {
      const { error, ids } = await front.generate({ text: 'Once upon a time', max_tokens: 200, ignore_eos: true }, { deadlineMs: kTurnMs });
      if (error) answers.errors.push(error.message);
      else answers.complete += ids.length === 200 ? 1 : 0;
    }
  };
  const loops = Array.from({ length: 2 * kSequences }, loop);
  return { answers, stop: () => { running = false; return Promise.all(loops); } };
}

before(async () => {
  machine = new FakeMachine({ heat: false });
  front = await Front.start('--sensor-root', machine.root, '--threads', '1', '--max-sequences', String(kSequences), '--power-cap-watts', '30');
  await front.awaitHealth('SERVING');
  load = startLoad();
});
after(async () => {
  await load.stop();
  await front.stop();
  machine.close();
});

const limit = () => front.metric('bitnet_worker_sequences_limit');
const running = () => front.metric('bitnet_requests_running');

test('below the ceiling everything runs that can', async () => {
  await until(async () => (await running()) === kSequences, 'all places are taken');
  assert.strictEqual(await limit(), kSequences);
  await until(async () => (await front.metric('bitnet_power_cap_measured_watts')) > 0, 'a power is told');
  const found = families((await get(front.http, '/metrics')).body);
  for (const [name, { type, labels, help, there }] of catalogue()) {
    if (there === 'cap') assert.deepStrictEqual({ name, ...found.get(name) }, { name, type, labels, help });
  }
  assert.strictEqual(await front.metric('bitnet_power_cap_watts'), 30);
  const watts = await front.metric('bitnet_power_cap_measured_watts', 'source="powercap",scope="package"');
  assert.ok(watts > 10 && watts < 30, `${watts} W`);
});

test('above it fewer run at once, and one at the least', async () => {
  machine.watts = 90;
  await until(async () => (await limit()) === 1, 'one at once');
  // What had begun has ended; batches have no more than one from then on.
  await until(async () => (await running()) === 1, 'one runs');
  const steps = await front.metric('bitnet_batch_size_count');
  const sequences = await front.metric('bitnet_batch_size_sum');
  const complete = load.answers.complete;
  await until(async () => load.answers.complete > complete + 3 && (await front.metric('bitnet_batch_size_count')) > steps, 'answers come');
  assert.strictEqual(await front.metric('bitnet_batch_size_sum') - sequences, await front.metric('bitnet_batch_size_count') - steps);
});

test('all run again when the machine takes less', { skip: !kWholeTurn }, async () => {
  machine.watts = 10;
  await until(async () => (await limit()) === kSequences, 'as many as before', kTurnMs);
  await until(async () => (await running()) === kSequences, 'all places are taken');
});

test('no answer was lost to it', async () => {
  await load.stop();
  assert.deepStrictEqual(load.answers.errors, []);
  assert.ok(load.answers.complete > 3);
});

test('a machine that counts nothing refuses a ceiling, and says what it looked for', () => {
  const bare = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-sys-'));
  const { status, stderr } = spawnSync(process.env.BITNET_FRONT, ['--model', process.env.BITNET_TEST_MODEL, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0',
    '--sensor-root', bare, '--power-cap-watts', '30'], { encoding: 'utf8' });
  fs.rmSync(bare, { recursive: true });
  assert.strictEqual(status, 1);
  assert.match(stderr, /--power-cap-watts: nothing tells what this machine takes; looked for powercap/);
});

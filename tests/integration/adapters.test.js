// Adapters: loaded and unloaded while the server runs, named and scaled by requests, kept through a worker's death.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Admin } = require('./admin.js');
const { Front, grpc, until } = require('./front.js');
const { layers, writeAdapter } = require('./adapter_file.js');

const kQuestion = { text: 'The sea', max_tokens: 16, ignore_eos: true };
// One thread each: two workers share this machine with whatever else it does.
const kAdmin = ['--admin-listen', '127.0.0.1:0', '--threads', '1'];

let folder;
let poet;
let jurist;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-adapters-'));
  poet = writeAdapter(path.join(folder, 'poet'), 1);
  jurist = writeAdapter(path.join(folder, 'jurist'), 2);
});
after(() => fs.rmSync(folder, { recursive: true }));

async function withFront(flags, body) {
  const front = await Front.start(...flags);
  let server;
  try {
    await front.awaitHealth('SERVING');
    server = front.admin && new Admin(front.admin);
    await body(front, server);
  } finally {
    if (server) server.close();
    await front.stop();
  }
}

async function names(server) {
  return (await server.call('listAdapters')).adapters.map((adapter) => adapter.name);
}

async function ask(front, ...adapters) {
  const answer = await front.generate({ ...kQuestion, adapters });
  assert.ifError(answer.error);
  return answer.ids;
}

test('loads, applies, scales, adds up and unloads', () => withFront(kAdmin, async (front, server) => {
  assert.deepStrictEqual(await names(server), []);
  const plain = await ask(front);
  const loaded = await server.call('loadAdapter', { name: 'poet', path: poet });
  assert.strictEqual(loaded.max_rank, 4);
  assert.strictEqual(loaded.num_pairs, layers);
  await server.call('loadAdapter', { name: 'jurist', path: jurist });
  assert.deepStrictEqual(await names(server), ['poet', 'jurist']);

  const withPoet = await ask(front, { name: 'poet' });
  assert.notDeepStrictEqual(withPoet, plain);
  assert.deepStrictEqual(await ask(front, { name: 'poet', scale: 1 }), withPoet);
  assert.deepStrictEqual(await ask(front, { name: 'poet', scale: 0 }), plain);
  assert.notDeepStrictEqual(await ask(front, { name: 'poet' }, { name: 'jurist' }), withPoet);
  assert.deepStrictEqual(await ask(front), plain);

  await server.call('unloadAdapter', { name: 'poet' });
  assert.deepStrictEqual(await names(server), ['jurist']);
  const { error } = await front.generate({ ...kQuestion, adapters: [{ name: 'poet' }] });
  assert.strictEqual(error.code, grpc.status.NOT_FOUND);
  assert.strictEqual(error.details, "there is no adapter 'poet'; loaded are 'jurist'");
}));

test('says what is wrong', () => withFront(kAdmin, async (front, server) => {
  await server.call('loadAdapter', { name: 'poet', path: poet });
  const config = path.join(folder, 'dora');
  fs.cpSync(poet, config, { recursive: true });
  fs.writeFileSync(path.join(config, 'adapter_config.json'),
    JSON.stringify({ peft_type: 'LORA', r: 4, lora_alpha: 4, use_dora: true }));
  for (const [name, file, code, message] of [
    ['poet', poet, 'ALREADY_EXISTS', /^an adapter 'poet' is loaded already$/],
    ['a b', poet, 'INVALID_ARGUMENT', /^the adapter's name is 'a b'/],
    ['none', path.join(folder, 'nothing'), 'NOT_FOUND', /nothing/],
    ['model', process.env.BITNET_TEST_MODEL, 'NOT_FOUND', /has no key 'general\.type'/],
    ['dora', config, 'UNIMPLEMENTED', /'use_dora' is set: DoRA cannot be run/],
  ]) {
    await assert.rejects(server.call('loadAdapter', { name, path: file }),
      (error) => grpc.status[error.code] === code && message.test(error.details), name);
  }
  await assert.rejects(server.call('unloadAdapter', { name: 'x' }),
    (error) => error.code === grpc.status.NOT_FOUND && /loaded are 'poet'/.test(error.details));
  assert.deepStrictEqual(await names(server), ['poet']);
  for (const [adapters, message] of [
    [[{ name: '' }], /^adapters\[0\]\.name is empty/],
    [[{ name: 'poet', scale: Infinity }], /^adapters\[0\]\.scale is inf/],
    [Array(9).fill({ name: 'poet' }), /^adapters has 9 items, wanted at most 8$/],
  ]) {
    const { error } = await front.generate({ ...kQuestion, adapters });
    assert.strictEqual(error.code, grpc.status.INVALID_ARGUMENT);
    assert.match(error.details, message);
  }
}));

test('keeps an adapter for a request that runs when it is unloaded', () => withFront(kAdmin, async (front, server) => {
  await server.call('loadAdapter', { name: 'poet', path: poet });
  const long = { text: 'The sea', max_tokens: 60, ignore_eos: true, adapters: [{ name: 'poet' }] };
  const wanted = await front.generate(long);
  assert.ifError(wanted.error);
  let unloaded;
  const answer = await front.generate(long, {
    onEvent: (event) => {
      if (event.delta && !unloaded) unloaded = server.call('unloadAdapter', { name: 'poet' });
    },
  });
  await unloaded;
  assert.ifError(answer.error);
  assert.deepStrictEqual(answer.ids, wanted.ids);
}));

test('gives all workers the same adapters, also one that is started again', () => withFront([...kAdmin, '--workers', '2'], async (front, server) => {
  await until(async () => (await front.metric('bitnet_worker_up')) === 2, 'both workers are up');
  await server.call('loadAdapter', { name: 'poet', path: poet });
  await server.call('loadAdapter', { name: 'jurist', path: jurist });
  await server.call('unloadAdapter', { name: 'jurist' });
  const wanted = await ask(front, { name: 'poet' });
  const pids = front.workerPids();
  assert.strictEqual(pids.length, 2);
  process.kill(pids[0], 'SIGKILL');
  await until(async () => (await front.metric('bitnet_worker_restarts_total')) === 1, 'the restart is counted');
  await until(async () => (await front.metric('bitnet_worker_up')) === 2, 'both workers are up again');
  // Requests at the same time go to both workers.
  const answers = await Promise.all([...Array(6)].map(() => ask(front, { name: 'poet' })));
  for (const ids of answers) assert.deepStrictEqual(ids, wanted);
  for (const { error } of await Promise.all([...Array(4)].map(() => front.generate({ ...kQuestion, adapters: [{ name: 'jurist' }] })))) {
    assert.strictEqual(error.code, grpc.status.NOT_FOUND);
  }
}));

test('loads what its flags say, and lets it be unloaded for good', () => withFront([...kAdmin, '--adapter', `poet=${poet}`, '--adapter', `jurist=${jurist}`], async (front, server) => {
  const [first] = (await server.call('listAdapters')).adapters;
  assert.strictEqual(first.name, 'poet');
  assert.strictEqual(first.max_rank, 4);
  const wanted = await ask(front, { name: 'jurist' });
  await server.call('unloadAdapter', { name: 'poet' });
  process.kill(front.workerPids()[0], 'SIGKILL');
  await until(async () => (await front.metric('bitnet_worker_restarts_total')) === 1, 'the restart is counted');
  await until(async () => (await front.metric('bitnet_worker_up')) === 1, 'the worker is up again');
  assert.deepStrictEqual(await ask(front, { name: 'jurist' }), wanted);
  const { error } = await front.generate({ ...kQuestion, adapters: [{ name: 'poet' }] });
  assert.strictEqual(error.code, grpc.status.NOT_FOUND);
}));

test('leaves with the reason when an adapter of its flags cannot be loaded', async () => {
  const front = await Front.start('--adapter', `poet=${path.join(folder, 'nothing')}`);
  assert.deepStrictEqual(await front.ended, { code: 78, signal: null });
  assert.match(front.log, /no worker can start: .*nothing/);
  await front.stop();
});

test('is not administered where clients are served', () => withFront([], async (front) => {
  assert.strictEqual(front.admin, undefined);
  const outside = new Admin(front.grpc);
  await assert.rejects(outside.call('loadAdapter', { name: 'poet', path: poet }),
    (error) => error.code === grpc.status.UNIMPLEMENTED);
  outside.client.close();
}));

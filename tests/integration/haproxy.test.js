// Two fronts behind HAProxy, as deploy/haproxy has it. Prints who answered what, and of each front what it says to the agent
// check, its state and weight as HAProxy shows them, and how many streams it got.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Balancer } = require('./balancer.js');
const { Front, generate, grpc, inference, kSource, load, skipUnless, until } = require('./front.js');

const { AdminService } = load('bitnet/v1/admin.proto', path.join(kSource, 'proto')).bitnet.v1;
const kServiceConfig = fs.readFileSync(path.join(kSource, 'deploy', 'grpc', 'behind_balancer.json'), 'utf8');
const kEndless = { text: 'Once upon a time', ignore_eos: true }; // Until the context is full.
const kShort = { text: 'The lighthouse', max_tokens: 4, ignore_eos: true };
const kFlags = ['--threads', '1', '--admin-listen', '127.0.0.1:0', '--agent-listen', '127.0.0.1:0'];
const missing = skipUnless(Balancer.present(), 'haproxy (Debian package haproxy)');

let folder;
let workerOfMini2; // The program, which a test changes.
let fronts; // {mini1: Front, mini2: Front}
let balancer;
let client;      // With retries, as clients are told to have them.
let plainClient; // Without.

before(async () => {
  if (missing) return;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-fleet-'));
  workerOfMini2 = path.join(folder, 'worker');
  fs.symlinkSync(process.env.BITNET_WORKER, workerOfMini2);
  const [mini1, mini2] = await Promise.all([
    Front.start(...kFlags), Front.start(...kFlags, '--worker-binary', workerOfMini2)]);
  fronts = { mini1, mini2 };
  balancer = await Balancer.start(mini1, mini2);
  client = new inference.InferenceService(balancer.grpc, grpc.credentials.createInsecure(), { 'grpc.service_config': kServiceConfig });
  plainClient = new inference.InferenceService(balancer.grpc, grpc.credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  await untilServers(({ mini1, mini2 }) => isIdle(mini1) && isIdle(mini2), 'both fronts are up');
});
after(async () => {
  if (missing) return;
  client.close();
  plainClient.close();
  await balancer.stop();
  await Promise.all(Object.values(fronts).map((front) => front.stop()));
  fs.rmSync(folder, { recursive: true });
});

// L4OK and L7OK are what HAProxy has seen of the front itself; before that it takes servers to be up.
function isIdle(server) {
  return server.status === 'UP' && server.weight === '100' && server.check_status === 'L7OK' && server.agent_status === 'L7OK';
}

async function untilServers(check, what) {
  await until(async () => check(await balancer.servers()), what).catch(async (error) => {
    error.message += `:\n    ${await balancer.states()}`;
    throw error;
  });
}

async function say(text) {
  console.log(`${text}\n    ${await balancer.states()}`);
}

function ask(request, { key, through = client, ...options } = {}) {
  const metadata = new grpc.Metadata();
  if (key !== undefined) metadata.set('x-prefix-key', key);
  return generate(through, request, { metadata, ...options });
}

function serverOf(answer) {
  return answer.headers?.get('x-served-by')[0];
}

// Who answers the keys, one after the other.
async function serversOf(keys) {
  const servers = [];
  for (const key of keys) {
    const answer = await ask(kShort, { key });
    assert.ifError(answer.error);
    servers.push(serverOf(answer));
  }
  return servers;
}

function count(servers) {
  const of = (name) => servers.filter((server) => server === name).length;
  return { mini1: of('mini1'), mini2: of('mini2') };
}

async function keyOf(name) {
  for (let i = 0; ; ++i) if ((await serversOf([`find-${i}`]))[0] === name) return `find-${i}`;
}

function setWeight(front, percent) {
  const admin = new AdminService(front.admin, grpc.credentials.createInsecure());
  return new Promise((resolve, reject) => {
    admin.setWeight({ percent }, (error) => (error ? reject(error) : resolve()));
  }).finally(() => admin.close());
}

// Starts an endless answer; resolves to {answer: its promise} once its first delta is there.
function begin(options) {
  return new Promise((resolve) => {
    const answer = ask(kEndless, { ...options, onEvent: (event, call) => event.delta && resolve({ answer, call }) });
    answer.then(() => resolve({ answer })); // It failed.
  });
}

test('streams pass, and are those of the fronts', { skip: missing }, async () => {
  const direct = await fronts.mini1.generate(kEndless);
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(kEndless)));
  for (const answer of answers) {
    assert.ifError(answer.error);
    assert.deepStrictEqual(answer.ids, direct.ids);
    assert.strictEqual(answer.text, direct.text);
  }
  const servers = answers.map(serverOf);
  assert.deepStrictEqual(count(servers), { mini1: 2, mini2: 2 }, 'without a key they take turns');
  await say(`4 streams of ${direct.ids.length} tokens: ${servers}`);
});

test('the same prefix key has the same front', { skip: missing }, async () => {
  const keys = ['lighthouse', 'harbour', 'island', 'reef', 'tide', 'fog', 'gull', 'rope'];
  const servers = await serversOf(keys);
  for (let round = 0; round < 3; ++round) assert.deepStrictEqual(await serversOf(keys), servers);
  assert.strictEqual(new Set(servers).size, 2, 'the keys are spread');
  await say(`4 times the same: ${keys.map((key, i) => `${key} ${servers[i]}`).join(', ')}`);
});

test('a cancellation frees the slot, before the first token and after', { skip: missing }, async () => {
  const key = await keyOf('mini1');
  const cancelled = () => fronts.mini1.metric('bitnet_requests_total', 'code="CANCELLED"');
  const before = await cancelled();
  const { answer, call } = await begin({ key });
  call.cancel();
  assert.strictEqual((await answer).error.code, grpc.status.CANCELLED);
  await until(async () => (await cancelled()) === before + 1, 'the cancelled request');
  await until(async () => (await fronts.mini1.metric('bitnet_requests_running')) === 0, 'no request runs');

  // With its worker frozen it gives no headers.
  const [worker] = fronts.mini1.workerPids();
  process.kill(worker, 'SIGSTOP');
  try {
    const metadata = new grpc.Metadata();
    metadata.set('x-prefix-key', key);
    const early = plainClient.generate(kEndless, metadata);
    const ended = new Promise((resolve) => early.on('error', resolve));
    await untilServers(({ mini1 }) => mini1.scur === '1', 'the call is with mini1');
    early.cancel();
    assert.strictEqual((await ended).code, grpc.status.CANCELLED);
    await until(async () => (await cancelled()) === before + 2, 'the request that was cancelled early');
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  await say(`cancelled after ${(await answer).ids.length} tokens, and before the first one`);
});

test('slow readers hold up nobody and miss nothing', { skip: missing }, async () => {
  const request = { ...kEndless, logprobs: 20 }; // Large events, so that buffers fill.
  const whole = await fronts.mini1.generate(request);
  const keys = [await keyOf('mini1'), await keyOf('mini2')];
  const paused = [];
  // One at each front, on the one connection that this client has to HAProxy.
  const slow = keys.map((key) => new Promise((begun) => {
    const answer = ask(request, {
      key,
      onEvent: (event, call) => {
        if (event.started) {
          call.pause();
          paused.push(call);
          begun({ answer });
        }
      },
    });
  }));
  const answers = (await Promise.all(slow)).map(({ answer }) => answer);
  await until(async () => (await fronts.mini1.metric('bitnet_requests_running')) === 0, 'the worker is done with it');
  const others = await serversOf(keys);
  assert.deepStrictEqual(others, ['mini1', 'mini2']);
  await say(`while both had a client that did not read: ${others}`);
  paused.forEach((call) => call.resume());
  for (const answer of await Promise.all(answers)) {
    assert.ifError(answer.error);
    assert.deepStrictEqual(answer.ids, whole.ids);
  }
});

// As one is whose machine gets too hot.
test('a front held back by hand has fewer calls', { skip: missing }, async () => {
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
  const whole = count(await serversOf(keys));
  await setWeight(fronts.mini1, 10);
  await untilServers(({ mini1 }) => mini1.weight === '10', 'the weight of mini1 is 10');
  const held = count(await serversOf(keys));
  await say(`60 keys at weights 100 and 100: ${JSON.stringify(whole)}, at 10 and 100: ${JSON.stringify(held)}`);
  assert.ok(held.mini1 < whole.mini1 && held.mini1 < held.mini2);

  await setWeight(fronts.mini1, 0);
  await untilServers(({ mini1 }) => mini1.weight === '0', 'mini1 drains');
  assert.deepStrictEqual(count(await serversOf(keys)), { mini1: 0, mini2: 60 });
  await say('at 0 and 100: all of mini2');

  await setWeight(fronts.mini1, 100);
  await untilServers(({ mini1 }) => isIdle(mini1), 'mini1 is back');
  assert.deepStrictEqual(count(await serversOf(keys)), whole, 'and has the keys it had');
  await assert.rejects(setWeight(fronts.mini1, 101), { code: grpc.status.INVALID_ARGUMENT });
});

test('what an operator tells HAProxy stays, whatever the front says', { skip: missing }, async () => {
  await balancer.tell('set server fronts/mini2 state drain');
  await setWeight(fronts.mini2, 90); // Seen with the next agent check.
  await untilServers(({ mini2 }) => mini2.status.startsWith('DRAIN') && mini2.weight === '90', 'the agent has spoken');
  assert.deepStrictEqual(count(await serversOf(['a', 'b', 'c', 'd', 'e', 'f'])), { mini1: 6, mini2: 0 });
  await say('mini2 drained at HAProxy, and its front says that it is up');
  await setWeight(fronts.mini2, 100);
  await balancer.tell('set server fronts/mini2 state ready');
  await untilServers(({ mini2 }) => isIdle(mini2), 'mini2 is back');
});

test('a front without workers is down, and says why', { skip: missing }, async () => {
  // The next worker never gets ready.
  fs.rmSync(workerOfMini2);
  fs.writeFileSync(workerOfMini2, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  fronts.mini2.workerPids().forEach((pid) => process.kill(pid, 'SIGKILL'));
  await untilServers(({ mini2 }) => mini2.status.startsWith('DOWN') && mini2.last_agt !== '', 'mini2 is down');
  const { last_agt: reason } = (await balancer.servers()).mini2;
  assert.match(reason, /worker W0/);
  assert.deepStrictEqual(count(await serversOf(['a', 'b', 'c', 'd', 'e', 'f'])), { mini1: 6, mini2: 0 });
  await say(`mini2 is down: ${reason}`);

  fs.rmSync(workerOfMini2);
  fs.symlinkSync(process.env.BITNET_WORKER, workerOfMini2);
  fronts.mini2.workerPids().forEach((pid) => process.kill(pid, 'SIGKILL'));
  await untilServers(({ mini2 }) => isIdle(mini2), 'mini2 is back');
});

test('a front that drains breaks no stream, and new calls go to the other', { skip: missing }, async () => {
  const running = await Promise.all(Array.from({ length: 8 }, () => begin()));
  // With its worker frozen it drains until HAProxy has seen that.
  const [worker] = fronts.mini1.workerPids();
  process.kill(worker, 'SIGSTOP');
  const servers = [];
  let drained;
  let before; // Calls before HAProxy knew.
  try {
    fronts.mini1.process.kill('SIGTERM');
    await untilServers(async ({ mini1 }) => {
      servers.push(...(await serversOf([`drain-${servers.length}`])));
      return mini1.weight === '0';
    }, 'HAProxy knows that mini1 drains');
    before = servers.length;
    drained = await balancer.states();
    for (let i = 0; i < 8; ++i) servers.push(...(await serversOf([`drained-${i}`])));
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  const answers = await Promise.all(running.map(({ answer }) => answer));
  for (const answer of answers) {
    assert.ifError(answer.error);
    assert.strictEqual(answer.finished.reason, 'FINISH_REASON_LENGTH');
  }
  assert.ok(answers.some((answer) => serverOf(answer) === 'mini1'));
  assert.match(drained, /mini1 says "up 0%"/);
  assert.deepStrictEqual(count(servers.slice(before)), { mini1: 0, mini2: 8 }, 'once HAProxy knows, mini1 has no new calls');
  assert.deepStrictEqual(await fronts.mini1.ended, { code: 0, signal: null });
  console.log(`running: ${answers.map(serverOf)}; new: ${servers}\n    ${drained}`);
  await say('mini1 has left');
});

test('calls go on when a front is killed, and its keys come back with it', { skip: missing }, async () => {
  // mini1 again, where it was.
  const { grpc: listen, http, agent } = fronts.mini1;
  fronts.mini1.close();
  fronts.mini1 = await Front.start(...kFlags, '--listen', listen, '--http', http, '--agent-listen', agent);
  await untilServers(({ mini1 }) => isIdle(mini1), 'mini1 is back');
  await say('mini1 is back');
  const key = await keyOf('mini1');
  const keys = Array.from({ length: 8 }, (_, i) => `kill-${i}`);
  const whole = await serversOf(keys);

  // One at each, so that the bound on mini1's load is no reason to leave it.
  const [{ answer }] = await Promise.all([begin({ key }), begin({ key: await keyOf('mini2') })]);
  // With its worker frozen it takes calls and gives no headers: such calls may be made again, by HAProxy and by the client.
  const [worker] = fronts.mini1.workerPids();
  process.kill(worker, 'SIGSTOP');
  const early = [ask(kShort, { key, through: plainClient }), ask(kShort, { key })];
  await untilServers(({ mini1 }) => mini1.scur === '3', 'all three calls are with mini1');
  fronts.mini1.process.kill('SIGKILL');
  process.kill(worker, 'SIGKILL');
  const broken = await answer;
  assert.strictEqual(serverOf(broken), 'mini1');
  assert.strictEqual(broken.finished, undefined);
  // HAProxy 2.6 ends the stream without a status and says NO_ERROR, which gRPC makes INTERNAL.
  assert.ok([grpc.status.INTERNAL, grpc.status.UNAVAILABLE].includes(broken.error.code), broken.error);
  for (const made of await Promise.all(early)) {
    assert.ifError(made.error);
    assert.strictEqual(serverOf(made), 'mini2');
  }
  assert.deepStrictEqual(count(await serversOf(keys)), { mini1: 0, mini2: keys.length });
  await say(`the stream ended with ${grpc.status[broken.error.code]} (${broken.error.details}); 2 calls that had no headers yet: mini2`);

  fronts.mini1.close();
  fronts.mini1 = await Front.start(...kFlags, '--listen', listen, '--http', http, '--agent-listen', agent);
  await untilServers(({ mini1 }) => isIdle(mini1), 'mini1 is back');
  assert.deepStrictEqual(await serversOf(keys), whole);
  await say('mini1 is back, and has its keys');
});

test('without HAProxy, gRPC chooses among the fronts and goes on when one is killed', { skip: missing }, async () => {
  const config = fs.readFileSync(path.join(kSource, 'deploy', 'grpc', 'service_config.json'), 'utf8');
  const { mini1, mini2 } = fronts;
  const direct = new inference.InferenceService(`ipv4:${mini1.grpc},${mini2.grpc}`, grpc.credentials.createInsecure(),
    { 'grpc.service_config': config });
  const counted = async () => [await mini1.metric('bitnet_requests_total'), await mini2.metric('bitnet_requests_total')];
  await generate(direct, kShort); // Connected.
  const before = await counted();
  for (let i = 0; i < 4; ++i) assert.ifError((await generate(direct, kShort)).error);
  await until(async () => (await counted()).every((value, i) => value > before[i]), 'both have answered');
  mini1.process.kill('SIGKILL');
  for (let i = 0; i < 4; ++i) assert.ifError((await generate(direct, kShort)).error);
  direct.close();
});

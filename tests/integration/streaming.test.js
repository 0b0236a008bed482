// Streams that are slow, on either side, as a client sees them that is not ours.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Front, grpc, inference, load, skipUnless, until } = require('./front.js');

const kGrpcProto = '/usr/share/grpc-proto'; // Debian's package grpc-proto.

async function withFront(flags, then) {
  const front = await Front.start(...flags);
  try {
    await front.awaitHealth('SERVING');
    await then(front);
  } finally {
    await front.stop();
  }
}

test('tells clients that wait that their answers are on the way', () => withFront(['--heartbeat', '0.05'], async (front) => {
  const [pid] = front.workerPids();
  let stopped = false;
  const waiting = [];
  // So many that they are not done before the worker is stopped.
  const answers = await Promise.all([...Array(16).keys()].map((i) => front.generate({ text: `Number ${i}`, max_tokens: 450, ignore_eos: true }, {
    onEvent: (event) => {
      if (event.delta && !stopped) stopped = process.kill(pid, 'SIGSTOP');
      if (event.waiting && stopped && waiting.push(event.waiting) === 48) process.kill(pid, 'SIGCONT');
    },
  })));
  for (const answer of answers) assert.strictEqual(answer.ids.length, 450, answer.error?.details);
  assert.ok(waiting.length >= 48);
  assert.ok(waiting.some(({ state }) => state === 'STATE_DECODE'));
  assert.ok(waiting.every(({ seconds }) => seconds > 0));
}));

// The frame of a request, for a client that speaks HTTP/2 and no more.
function frame(method, request) {
  const body = inference.InferenceService.service[method].requestSerialize(request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

test('gives up a client that takes nothing, and frees its slot', () => withFront(['--slow-reader-timeout', '0.3'], async (front) => {
  const session = http2.connect(`http://${front.grpc}`);
  session.on('error', () => {});
  const stream = session.request({ ':method': 'POST', ':path': '/bitnet.v1.InferenceService/Generate', 'content-type': 'application/grpc', te: 'trailers' });
  stream.on('error', () => {});
  // 512 tokens with 20 alternatives each are more than the window holds, which grows only as data is read.
  stream.end(frame('Generate', { text: 'Once', ignore_eos: true, logprobs: 20 }));
  const ended = async (code) => front.metric('bitnet_requests_total', `code="${code}"`);
  await until(async () => (await ended('ABORTED')) + (await ended('CANCELLED')) === 1, 'the call is ended');
  await until(async () => (await front.metric('bitnet_requests_running')) === 0, 'no request runs');
  session.destroy();
  assert.ifError((await front.generate({ text: 'x', max_tokens: 2 })).error);
}));

// Of the connections to a server on this machine, as Linux lists them.
function clientPorts(address) {
  const port = Number(address.slice(address.lastIndexOf(':') + 1)).toString(16).toUpperCase().padStart(4, '0');
  return fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(`:${port}`) && state === '01').map(([, local]) => local);
}

test('asks clients to connect again, and lets answers in progress end', () => withFront(['--max-connection-age', '0.2'], async (front) => {
  const peers = new Set();
  await until(async () => {
    const answer = await front.generate({ text: 'The lighthouse', max_tokens: 50, ignore_eos: true });
    assert.ifError(answer.error);
    assert.strictEqual(answer.ids.length, 50);
    for (const port of clientPorts(front.grpc)) peers.add(port);
    return peers.size >= 3;
  }, 'answers over several connections');
}));

test('serves channelz if it is told to, and only where nobody else reaches it', async (t) => {
  const missing = skipUnless(fs.existsSync(kGrpcProto), `${kGrpcProto} (Debian package grpc-proto)`);
  if (missing) return t.skip(missing);
  const { Channelz } = load('grpc/channelz/v1/channelz.proto', kGrpcProto).grpc.channelz.v1;
  const servers = (address) => new Promise((resolve) => {
    const client = new Channelz(address, grpc.credentials.createInsecure());
    client.getServers({}, { deadline: Date.now() + 60000 }, (error, response) => {
      client.close();
      resolve(error ? error.code : response.server.length);
    });
  });
  await withFront(['--channelz', '--admin-listen', '127.0.0.1:0'], async (front) => {
    assert.ok(await servers(front.admin) >= 2);
    assert.strictEqual(await servers(front.grpc), grpc.status.UNIMPLEMENTED);
  });
  await withFront(['--channelz'], async (front) => assert.ok(await servers(front.grpc) >= 1));
  await withFront([], async (front) => assert.strictEqual(await servers(front.grpc), grpc.status.UNIMPLEMENTED));
  await assert.rejects(Front.start('--channelz', '--listen', '0.0.0.0:0', '--allow-anonymous'), /--channelz would be served at 0\.0\.0\.0:0/);
});

test('each port is healthy by the name of its service', () => withFront(['--admin-listen', '127.0.0.1:0'], async (front) => {
  const admin = new front.health.constructor(front.admin, grpc.credentials.createInsecure());
  const check = (service) => new Promise((resolve) => {
    admin.check({ service }, (error, response) => resolve(error ? error.code : response.status));
  });
  assert.strictEqual(await check('bitnet.v1.AdminService'), 'SERVING');
  assert.strictEqual(await check('bitnet.v1.InferenceService'), grpc.status.NOT_FOUND);
  admin.close();
}));

// What operators and tools ask: health, reflection, models, metrics, probes.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { Front, get, grpc, load, skipUnless, until } = require('./front.js');

const kGrpcProto = '/usr/share/grpc-proto'; // Debian's package grpc-proto.
let front;

before(async () => {
  front = await Front.start();
  await front.awaitHealth('SERVING');
});
after(() => front.stop());

test('is healthy by both names and knows no others', async () => {
  const check = (service) => new Promise((resolve) => {
    front.health.check({ service }, (error, response) => resolve(error ? error.code : response.status));
  });
  assert.strictEqual(await check(''), 'SERVING');
  assert.strictEqual(await check('bitnet.v1.InferenceService'), 'SERVING');
  assert.strictEqual(await check('other'), grpc.status.NOT_FOUND);
});

test('lists its services by reflection', async (t) => {
  const missing = skipUnless(fs.existsSync(kGrpcProto), `${kGrpcProto} (Debian package grpc-proto)`);
  if (missing) return t.skip(missing);
  const { ServerReflection } = load('grpc/reflection/v1alpha/reflection.proto', kGrpcProto).grpc.reflection.v1alpha;
  const client = new ServerReflection(front.grpc, grpc.credentials.createInsecure());
  const call = client.serverReflectionInfo();
  const names = await new Promise((resolve, reject) => {
    call.on('data', (response) => resolve(response.list_services_response.service.map((service) => service.name)));
    call.on('error', reject);
    call.write({ list_services: '' });
  });
  call.end();
  client.close();
  assert.ok(names.includes('bitnet.v1.InferenceService'), names.join());
  assert.ok(names.includes('grpc.health.v1.Health'), names.join());
});

test('tells about its model', async () => {
  const { models } = await front.call('listModels', {});
  assert.strictEqual(models.length, 1);
  assert.ok(Number(models[0].context_length) > 0);
  assert.deepStrictEqual(await front.call('getModel', { name: models[0].name }), models[0]);
  assert.deepStrictEqual(await front.call('getModel', {}), models[0]);
  await assert.rejects(front.call('getModel', { name: 'other' }), { code: grpc.status.NOT_FOUND });
});

test('makes tokens of text and text of tokens', async () => {
  const text = 'Grüße, 世界 🗼';
  const { ids, pieces } = await front.call('tokenize', { text, no_special_tokens: true });
  assert.strictEqual(Buffer.concat(pieces).toString(), text);
  assert.strictEqual((await front.call('detokenize', { ids })).text, text);
});

test('answers probes', async () => {
  assert.deepStrictEqual(await get(front.http, '/healthz'), { status: 200, body: 'ok\n' });
  assert.deepStrictEqual(await get(front.http, '/readyz'), { status: 200, body: 'ready\n' });
  assert.strictEqual((await get(front.http, '/other')).status, 404);
});

test('serves metrics that promtool accepts', async (t) => {
  await front.generate({ text: 'The lighthouse', max_tokens: 3 });
  // A request is counted when its stream is done, which a client can know a moment earlier.
  const counted = /^bitnet_requests_total\{code="OK",method="Generate",model="lighthouse-1\.58b-6m",reason="[a-z_]+"\} 1$/m;
  let body;
  await until(async () => counted.test(({ body } = await get(front.http, '/metrics')).body), 'a counted request');
  assert.match(body, /^bitnet_worker_up\{model="lighthouse-1\.58b-6m",worker="W0"\} 1$/m);
  assert.match(body, /^bitnet_build_info\{version="[0-9.]+"\} 1$/m);
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
  const missing = skipUnless(!promtool.error, 'promtool (Debian package prometheus)');
  if (missing) return t.skip(missing);
  assert.strictEqual(promtool.status, 0, promtool.stdout + promtool.stderr);
});

// Several models behind one front: chosen by requests, listed, watched, measured and adapted apart.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { writeAdapter } = require('./adapter_file.js');
const { Front, grpc, kSource } = require('./front.js');

const kFirst = 'lighthouse-1.58b-6m';
const kOther = path.join(kSource, 'models', 'lighthouse-w1a1-6m.gguf');
let folder;
let front;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-models-'));
  front = await Front.start('--model', process.env.BITNET_TEST_MODEL, '--model', `other=${kOther}`, '--alias', 'default=other',
    '--adapter', `other,poet=${writeAdapter(path.join(folder, 'poet'), 1)}`, '--threads', '1');
  await front.awaitHealth('SERVING');
});
after(async () => {
  await front.stop();
  fs.rmSync(folder, { recursive: true });
});

const ask = (model, more = {}) => front.generate({ text: 'The lighthouse', max_tokens: 16, ignore_eos: true, model, ...more });

test('answers by the model that a request names', async () => {
  const [byDefault, first, other, alias] = await Promise.all(['', kFirst, 'other', 'default'].map((model) => ask(model)));
  for (const answer of [byDefault, first, other, alias]) assert.ifError(answer.error);
  assert.strictEqual(byDefault.started.model, kFirst);
  assert.strictEqual(alias.started.model, 'other', 'not as it was called');
  assert.deepStrictEqual(byDefault.ids, first.ids);
  assert.deepStrictEqual(alias.ids, other.ids);
  assert.notDeepStrictEqual(other.ids, first.ids, 'two files');
});

test('says which models there are', async () => {
  const { error } = await ask('third');
  assert.strictEqual(error.code, grpc.status.NOT_FOUND);
  assert.strictEqual(error.details, `model is "third", which is not served here; served are "default", "${kFirst}", "other"`);
  await assert.rejects(front.call('tokenize', { model: 'third', text: 'x' }), { code: grpc.status.NOT_FOUND });
  const { models } = await front.call('listModels', {});
  assert.deepStrictEqual(models.map(({ name, aliases, state }) => ({ name, aliases, state })), [
    { name: kFirst, aliases: [], state: 'MODEL_STATE_READY' },
    { name: 'other', aliases: ['default'], state: 'MODEL_STATE_READY' },
  ]);
  assert.deepStrictEqual(await front.call('getModel', { name: 'default' }), models[1]);
});

test('makes tokens by the model that is named', async () => {
  for (const model of [kFirst, 'other']) {
    const { ids } = await front.call('tokenize', { model, text: 'The sea' });
    assert.strictEqual((await front.call('detokenize', { model, ids: ids.slice(1) })).text, 'The sea');
  }
});

test('has adapters of one model that the other lacks', async () => {
  const adapters = [{ name: 'poet' }];
  const adapted = await ask('other', { adapters });
  assert.ifError(adapted.error);
  assert.notDeepStrictEqual(adapted.ids, (await ask('other')).ids);
  assert.strictEqual((await ask(kFirst, { adapters })).error.code, grpc.status.NOT_FOUND);
});

test('tells the health and the numbers of each model', async () => {
  for (const model of [kFirst, 'other']) await front.awaitHealth('SERVING', `bitnet.v1.InferenceService/${model}`);
  const tokens = () => front.metric('bitnet_generated_tokens_total', 'model="other"');
  const before = await tokens();
  assert.ifError((await ask('other')).error);
  assert.strictEqual(await tokens() - before, 16);
  assert.strictEqual(await front.metric('bitnet_worker_up', 'model="other",worker="W1"'), 1);
});

test('serves one while the other starts again', async () => {
  const [pid] = front.workerPids().filter((worker) =>
    fs.readFileSync(`/proc/${worker}/cmdline`, 'utf8').includes(kOther));
  const lost = ask('other', { max_tokens: 200 });
  process.kill(pid, 'SIGKILL');
  await front.awaitHealth('NOT_SERVING', 'bitnet.v1.InferenceService/other');
  assert.ifError((await ask(kFirst)).error);
  const answer = await lost;
  assert.ifError(answer.error);
  assert.strictEqual(answer.ids.length, 200);
  await front.awaitHealth('SERVING', 'bitnet.v1.InferenceService/other');
});

// Embeddings over gRPC and over OpenAI's API, asked for with grpc-js, OpenAI's own client, the AI SDK and LangChain.
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const OpenAI = require('openai').default;
const { Front, grpc, random, richError, until } = require('./front.js');

const kModel = 'lighthouse-1.58b-6m';
const kTexts = ['The lighthouse keeper lit the lamp.', 'A lamp was lit in the lighthouse.', 'Seven'];
const kMean = 'POOLING_MEAN';

let front;
let client;
let model;

before(async () => {
  front = await Front.start('--threads', '1', '--alias', `text-embedding-3-small=${kModel}`);
  await front.awaitHealth('SERVING');
  client = new OpenAI({ baseURL: `http://${front.http}/v1`, apiKey: 'none', maxRetries: 0 });
  model = await front.call('getModel', {});
});
after(() => front.stop());

const running = () => front.metric('bitnet_requests_running');
const embed = (texts, more = {}) => front.call('embed', { inputs: texts.map((text) => ({ text })), ...more });
const create = (input, more = {}) => client.embeddings.create({ model: kModel, input, ...more });
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const valuesOf = ({ embeddings }) => embeddings.map(({ values }) => values);

// Inputs that take a while: their mean is of tokens that are all computed.
function manyInputs(count, length) {
  const draw = random(1);
  return Array.from({ length: count }, () => ({ token_ids: { ids: Array.from({ length }, () => draw(model.vocab_size)) } }));
}

test('gives vectors of length one, as many as there are inputs', async () => {
  const { embeddings, usage, model: name } = await embed(kTexts);
  assert.strictEqual(name, kModel);
  assert.strictEqual(embeddings.length, 3);
  for (const { values } of embeddings) {
    assert.strictEqual(values.length, model.hidden_dim);
    assert.ok(Math.abs(dot(values, values) - 1) < 1e-6);
  }
  const [a, b, c] = valuesOf({ embeddings });
  assert.ok(dot(a, b) > dot(a, c), 'what means the same is nearer');
  let tokens = 0;
  for (const text of kTexts) tokens += (await front.call('tokenize', { text })).ids.length;
  assert.strictEqual(usage.prompt_tokens, tokens);
});

test('gives the same bits alone, together, as token ids, and beside answers', async () => {
  for (const pooling of ['POOLING_LAST', kMean]) {
    const together = valuesOf(await embed(kTexts, { pooling }));
    const beside = front.generate({ text: 'The sea', max_tokens: 200, ignore_eos: true });
    for (const [i, text] of kTexts.entries()) {
      assert.deepStrictEqual(valuesOf(await embed([text], { pooling })), [together[i]]);
      const { ids } = await front.call('tokenize', { text });
      assert.deepStrictEqual(valuesOf(await front.call('embed', { inputs: [{ token_ids: { ids } }], pooling })), [together[i]]);
    }
    await beside;
  }
});

test("pools as it is asked to, and by the model's file where it is not", async () => {
  const [unsaid, last, mean] = await Promise.all(
    [{}, { pooling: 'POOLING_LAST' }, { pooling: kMean }].map((more) => embed(['The sea'], more)));
  assert.strictEqual(model.pooling, 'POOLING_LAST');
  assert.deepStrictEqual(valuesOf(unsaid), valuesOf(last));
  assert.notDeepStrictEqual(valuesOf(mean), valuesOf(last));
  assert.strictEqual((await embed(['The sea'], { pooling: kMean })).usage.cached_tokens, 0);
});

test('says which input is wrong', async () => {
  const refused = async (request, field, message) => {
    const error = await front.call('embed', request).then(() => assert.fail('it was not refused'), (reason) => reason);
    assert.strictEqual(error.code, grpc.status.INVALID_ARGUMENT);
    assert.match(error.details, message);
    assert.strictEqual(richError(error).BadRequest.field_violations[0].field, field);
  };
  await refused({}, 'inputs', /has 0 items, wanted 1 to 2048/);
  await refused({ inputs: [{ text: 'a' }, {}] }, 'inputs[1].prompt', /is not set/);
  await refused({ inputs: [{ text: 'a' }, { text: 'sea '.repeat(5000) }] }, 'inputs[1].prompt',
    new RegExp(`has \\d+ tokens, wanted at most the model's context length, ${model.context_length}`));
});

test('answers OpenAI with the same numbers, as floats and in base64', async () => {
  const expected = await embed(kTexts);
  for (const more of [{}, { encoding_format: 'float' }, { dimensions: model.hidden_dim, user: 'somebody' }]) { // The client's default is base64.
    const { data, usage, model: name, object } = await create(kTexts, more);
    assert.strictEqual(object, 'list');
    assert.strictEqual(name, kModel);
    assert.deepStrictEqual(data.map(({ index }) => index), [0, 1, 2]);
    assert.deepStrictEqual(data.map(({ embedding }) => embedding), valuesOf(expected));
    assert.strictEqual(usage.prompt_tokens, expected.usage.prompt_tokens);
    assert.strictEqual(usage.total_tokens, usage.prompt_tokens);
  }
  const raw = (await create('Seven', { encoding_format: 'base64' })).data[0].embedding;
  const bytes = Buffer.from(raw, 'base64');
  assert.deepStrictEqual([...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)], expected.embeddings[2].values);
  const { ids } = await front.call('tokenize', { text: 'Seven' });
  assert.deepStrictEqual((await create([ids, ids])).data[1].embedding, expected.embeddings[2].values);
  const mean = await embed(['Seven'], { pooling: kMean });
  assert.deepStrictEqual((await create('Seven', { pooling: 'mean' })).data[0].embedding, mean.embeddings[0].values);
  assert.strictEqual((await create('Seven', { model: 'text-embedding-3-small' })).model, 'text-embedding-3-small');
});

test('tells errors as OpenAI does', async () => {
  await assert.rejects(create('a', { model: 'gpt-5' }), (error) => error instanceof OpenAI.NotFoundError && error.code === 'MODEL_NOT_SERVED');
  await assert.rejects(create(['a', 'sea '.repeat(5000)]), (error) => error instanceof OpenAI.BadRequestError
    && error.param === 'input[1]' && /has \d+ tokens, wanted at most/.test(error.message));
  await assert.rejects(create('a', { dimensions: 7 }), (error) => error.status === 400 && error.param === 'dimensions');
  await assert.rejects(create([]), (error) => error.status === 400 && error.param === 'input');
});

test('is counted as other methods are', async () => {
  const count = (method, code = 'OK') => front.metric('bitnet_requests_total', `code="${code}",method="${method}",model="${kModel}"`);
  const [before, tokens] = [await count('Embed'), await front.metric('bitnet_prompt_tokens_total')];
  const { usage } = await embed(kTexts);
  assert.strictEqual(await count('Embed'), before + 1);
  assert.strictEqual(await front.metric('bitnet_prompt_tokens_total'), tokens + usage.prompt_tokens);
  assert.ok(await count('Embeddings') > 0);
});

test('frees its slots when a request is aborted', async () => {
  const inputs = manyInputs(100, 400);
  const begun = () => until(async () => (await running()) > 0, 'it is computed');
  const over = () => until(async () => (await running()) === 0 && (await front.metric('bitnet_kv_blocks_used')) === 0, 'no request runs');
  const controller = new AbortController();
  const aborted = assert.rejects(client.embeddings.create(
    { model: kModel, input: inputs.map(({ token_ids: { ids } }) => ids), pooling: 'mean' }, { signal: controller.signal }), OpenAI.APIUserAbortError);
  await begun();
  controller.abort();
  await aborted;
  await over();
  const cancelled = new Promise((resolve) => {
    const call = front.client.embed({ inputs, pooling: kMean }, resolve);
    begun().then(() => call.cancel());
  });
  assert.strictEqual((await cancelled).code, grpc.status.CANCELLED);
  await over();
});

test('loses nothing when its worker is killed', async (t) => {
  const other = await Front.start('--threads', '1');
  t.after(() => other.stop());
  await other.awaitHealth('SERVING');
  const request = { inputs: manyInputs(40, 300), pooling: kMean };
  const expected = await front.call('embed', request);
  const answer = other.call('embed', request);
  await until(async () => (await other.metric('bitnet_requests_running')) > 0, 'it is computed');
  process.kill(other.workerPids()[0], 'SIGKILL');
  const { embeddings, usage } = await answer;
  assert.deepStrictEqual(embeddings, expected.embeddings);
  assert.strictEqual(usage.prompt_tokens, expected.usage.prompt_tokens);
  assert.ok(usage.lost_attempts > 0);
});

test('embeds for the AI SDK', async () => {
  const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');
  const { cosineSimilarity, embed: embedOne, embedMany } = require('ai');
  const provider = createOpenAICompatible({ name: 'bitnet', baseURL: `http://${front.http}/v1` });
  const expected = await embed(kTexts);
  const one = await embedOne({ model: provider.embeddingModel(kModel), value: kTexts[0] });
  assert.deepStrictEqual(one.embedding, expected.embeddings[0].values);
  const many = await embedMany({ model: provider.embeddingModel(kModel), values: kTexts });
  assert.deepStrictEqual(many.embeddings, valuesOf(expected));
  assert.strictEqual(many.usage.tokens, expected.usage.prompt_tokens);
  assert.ok(Math.abs(cosineSimilarity(many.embeddings[0], one.embedding) - 1) < 1e-6);
});

test('embeds for LangChain', async () => {
  const { OpenAIEmbeddings } = require('@langchain/openai');
  const embeddings = new OpenAIEmbeddings({ model: kModel, apiKey: 'none', configuration: { baseURL: `http://${front.http}/v1` } });
  const expected = valuesOf(await embed(kTexts));
  assert.deepStrictEqual(await embeddings.embedDocuments(kTexts), expected);
  assert.deepStrictEqual(await embeddings.embedQuery(kTexts[1]), expected[1]);
});

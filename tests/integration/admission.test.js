// What a client is told whose request is not taken, read with a gRPC stack and protos of its own.
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { Front, generate, grpc, richError, until } = require('./front.js');

const kEndless = { text: 'Once upon a time', ignore_eos: true }; // Until the context is full.
let front;

before(async () => {
  front = await Front.start('--max-waiting', '2', '--max-waiting-tokens', '400');
  await front.awaitHealth('SERVING');
});
after(() => front.stop());

const kWaiting = { token_ids: { ids: [1, 2, 3] }, time_limit_seconds: 1 };

// Nobody gets a first token until `then` is done.
async function withStoppedWorker(then) {
  const [pid] = front.workerPids();
  process.kill(pid, 'SIGSTOP');
  try {
    return await then();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('refuses what would wait behind too many, and says when to come back', async () => {
  const wait = () => front.generate({ ...kWaiting, max_tokens: 10 });
  const answers = await withStoppedWorker(() => Promise.all([wait(), wait(), wait()]));
  const refused = answers.filter((answer) => answer.error);
  assert.strictEqual(refused.length, 1);
  const { error } = refused[0];
  assert.strictEqual(error.code, grpc.status.RESOURCE_EXHAUSTED);
  const details = richError(error);
  assert.strictEqual(details.QuotaFailure.violations[0].subject, 'server');
  assert.strictEqual(details.ErrorInfo.reason, 'QUEUE_FULL');
  assert.strictEqual(details.ErrorInfo.domain, 'bitnet.v1');
  const { seconds, nanos } = details.RetryInfo.retry_delay;
  const milliseconds = Number(seconds) * 1000 + Math.floor(nanos / 1e6);
  assert.ok(milliseconds >= 90 && milliseconds <= 66000, `${milliseconds} ms`);
  assert.deepStrictEqual(error.metadata.get('grpc-retry-pushback-ms'), [String(milliseconds)]);
  await until(async () => (await front.metric('bitnet_rejections_total', 'reason="queue_full"')) === 1, 'a counted refusal');
});

test('refuses more tokens than may wait', async () => {
  const wait = () => front.generate({ ...kWaiting, max_tokens: 300 });
  const answers = await withStoppedWorker(() => Promise.all([wait(), wait()]));
  const refused = answers.filter((answer) => answer.error);
  assert.strictEqual(refused.length, 1);
  assert.match(refused[0].error.details, /^303 tokens wait already, this would be 303 more, and at most 400 may \(--max-waiting-tokens\)/);
});

test('gRPC tries again by itself when it is told to', async () => {
  const config = JSON.stringify({ methodConfig: [{ name: [{ service: 'bitnet.v1.InferenceService' }], retryPolicy: {
    maxAttempts: 5, initialBackoff: '60s', maxBackoff: '60s', backoffMultiplier: 1, retryableStatusCodes: ['RESOURCE_EXHAUSTED'] } }] });
  const stubborn = new front.client.constructor(front.grpc, grpc.credentials.createInsecure(), { 'grpc.service_config': config });
  // Of three that come at once one is refused; by itself gRPC would try again after a minute.
  const wait = () => generate(stubborn, { ...kWaiting, max_tokens: 10 });
  const answers = await withStoppedWorker(() => Promise.all([wait(), wait(), wait()]));
  stubborn.close();
  for (const answer of answers) assert.ifError(answer.error);
});

test('names all fields that are wrong', async () => {
  const { error } = await front.generate({ text: 'x', sampling: { temperature: -1 }, logprobs: 21 });
  assert.deepStrictEqual(richError(error).BadRequest.field_violations, [
    { field: 'sampling.temperature', description: 'is -1, wanted a number in [0, 100]' },
    { field: 'logprobs', description: 'is 21, wanted at most 20' }]);
  const schema = await front.generate({ text: 'x', json_schema: '{"not": {}}' });
  assert.strictEqual(richError(schema.error).BadRequest.field_violations[0].field, 'json_schema');
});

test('refuses a deadline that cannot be kept, once it knows how fast the worker reads', async () => {
  const measured = await front.generate({ text: 'lamp '.repeat(150), max_tokens: 1, ignore_eos: true });
  assert.ifError(measured.error);
  const request = { text: 'storm '.repeat(150), max_tokens: 1, ignore_eos: true };
  const deadlineMs = 300 * measured.finished.usage.prefill_seconds; // As many tokens in a third of the time.
  let error;
  await until(async () => { // On a slow machine the deadline may come before the request.
    ({ error } = await front.generate(request, { deadlineMs }));
    assert.strictEqual(error.code, grpc.status.DEADLINE_EXCEEDED);
    return /the deadline leaves/.test(error.details);
  }, 'a refusal');
  assert.match(error.details, /the deadline leaves [\d.e-]+ s, and the first token is expected in [\d.e-]+ s/);
  assert.strictEqual(richError(error).ErrorInfo.reason, 'DEADLINE_OUT_OF_REACH');
  await until(async () => (await front.metric('bitnet_rejections_total', 'reason="deadline_out_of_reach"')) >= 1, 'a counted refusal');
  assert.ifError((await front.generate(request)).error);
});

test('ends an answer at its time limit with what there is', async () => {
  const answer = await front.generate({ ...kEndless, time_limit_seconds: 0.05 });
  assert.ifError(answer.error);
  assert.strictEqual(answer.events[0], 'started');
  assert.strictEqual(answer.finished.reason, 'FINISH_REASON_TIME_LIMIT');
  assert.strictEqual(answer.finished.usage.generated_tokens, answer.ids.length);
  await until(async () => (await front.metric('bitnet_requests_running')) === 0, 'no request runs');
});

// Answers whose stream breaks, and clients that come back for them.
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { Front, collect, grpc, until } = require('./front.js');

const kRequest = { text: 'Once upon a time', max_tokens: 400, ignore_eos: true, resumable: true, sampling: { temperature: 1, seed: 7 } };
let front;

before(async () => {
  front = await Front.start('--resume-window', '3');
  await front.awaitHealth('SERVING');
});
after(() => front.stop());

const resume = (request_id, next_index, options = {}) => collect(front.client.resume({ request_id, next_index }, { deadline: Date.now() + 60000 }), {
  firstIndex: next_index, ...options });
const running = () => front.metric('bitnet_requests_running');

// What came until a client's connection was lost after `count` tokens, or soon after: not at the end.
async function breakAfter(count) {
  for (;;) {
    const answer = await front.generate(kRequest, {
      onEvent: (event, call, { ids }) => ids.length >= count && call.cancel(),
    });
    if (answer.ids.length < 400) return answer;
  }
}

test('goes on where the client stopped reading, with the same bits', async () => {
  const whole = await front.generate(kRequest);
  const first = await breakAfter(5);
  assert.strictEqual(first.error?.code, grpc.status.CANCELLED);
  const rest = await resume(first.started.request_id, first.ids.length);
  assert.ifError(rest.error);
  assert.strictEqual(rest.events[0], 'started');
  assert.deepStrictEqual([...first.ids, ...rest.ids], whole.ids);
  assert.strictEqual(first.text + rest.text, whole.text);
  assert.strictEqual(rest.finished.usage.generated_tokens, 400);
});

test('goes on across many broken streams', async () => {
  const whole = await front.generate(kRequest);
  const first = await breakAfter(1);
  const answer = { ids: first.ids, text: first.text, finished: first.finished };
  for (let i = 0; !answer.finished; ++i) {
    const part = await resume(first.started.request_id, answer.ids.length,
      { onEvent: (event, call, { ids }) => i < 10 && ids.length > 3 && call.cancel() });
    answer.ids.push(...part.ids);
    answer.text += part.text;
    answer.finished = part.finished;
  }
  assert.deepStrictEqual(answer.ids, whole.ids);
  assert.strictEqual(answer.text, whole.text);
});

test('survives the loss of its worker while nobody reads', async () => {
  const whole = await front.generate(kRequest);
  const first = await breakAfter(1);
  for (const pid of front.workerPids()) process.kill(pid, 'SIGKILL');
  const rest = await resume(first.started.request_id, first.ids.length);
  assert.ifError(rest.error);
  assert.deepStrictEqual([...first.ids, ...rest.ids], whole.ids);
});

test('ends an answer for good', async () => {
  const first = await breakAfter(1);
  await front.call('cancel', { request_id: first.started.request_id });
  await until(async () => (await running()) === 0, 'no request runs');
  assert.strictEqual((await resume(first.started.request_id, 0)).error.code, grpc.status.NOT_FOUND);
});

test('forgets an answer that nobody came back for', async () => {
  const first = await breakAfter(1);
  // A reader would keep it; one that wants more tokens than there can be reads nothing.
  await until(async () => (await resume(first.started.request_id, 1000)).error.code === grpc.status.NOT_FOUND, 'it is gone');
});

test('refuses what it does not have', async () => {
  const unknown = await resume('0123', 0);
  assert.strictEqual(unknown.error.code, grpc.status.NOT_FOUND);
  assert.match(unknown.error.details, /there is no answer to request_id "0123"/);
  const { started } = await front.generate({ ...kRequest, max_tokens: 3 });
  const beyond = await resume(started.request_id, 4);
  assert.strictEqual(beyond.error.code, grpc.status.OUT_OF_RANGE);
  assert.strictEqual(beyond.error.details, 'next_index is 4, and the answer has 3 tokens so far');
});

// What a client asks for, and what it gets.
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { Front, grpc, until } = require('./front.js');

const kEndless = { text: 'Once upon a time', ignore_eos: true }; // Until the context is full.
let front;

before(async () => {
  front = await Front.start();
  await front.awaitHealth('SERVING');
});
after(() => front.stop());

test('streams started, deltas and finished for a text', async () => {
  const answer = await front.generate({ text: 'The lighthouse', max_tokens: 12, ignore_eos: true });
  assert.ifError(answer.error);
  assert.strictEqual(answer.events[0], 'started');
  assert.strictEqual(answer.events.at(-1), 'finished');
  assert.ok(answer.events.slice(1, -1).every((event) => event === 'delta'));
  assert.match(answer.started.request_id, /^[0-9a-f]{32}$/);
  assert.strictEqual(answer.ids.length, 12);
  assert.strictEqual(answer.finished.reason, 'FINISH_REASON_LENGTH');
  assert.strictEqual(answer.finished.usage.generated_tokens, 12);
  assert.strictEqual(answer.finished.usage.prompt_tokens, answer.started.prompt_tokens);
});

test('gives the same answer for token ids as for their text', async () => {
  const { ids } = await front.call('tokenize', { text: 'The lighthouse' });
  const text = await front.generate({ text: 'The lighthouse', max_tokens: 8, ignore_eos: true });
  const tokens = await front.generate({ token_ids: { ids }, max_tokens: 8, ignore_eos: true });
  assert.deepStrictEqual(tokens.ids, text.ids);
  assert.strictEqual(tokens.text, text.text);
});

test('gives the same answer for the same seed', async () => {
  const request = { text: 'The sea', max_tokens: 8, ignore_eos: true, sampling: { temperature: 1 } };
  const first = await front.generate(request);
  const second = await front.generate({ ...request, sampling: { temperature: 1, seed: first.started.seed } });
  assert.deepStrictEqual(second.ids, first.ids);
});

test('takes chat messages', async () => {
  const answer = await front.generate({
    messages: { messages: [{ role: 'ROLE_SYSTEM', content: 'Be brief.' }, { role: 'ROLE_USER', content: 'Hello' }] },
    max_tokens: 8, logprobs: 2,
  });
  assert.ifError(answer.error);
  assert.ok(answer.finished);
});

test('ends before a stop string', async () => {
  const whole = await front.generate({ text: 'The lighthouse', max_tokens: 30, ignore_eos: true });
  const stop = whole.text.slice(whole.text.length / 2, whole.text.length / 2 + 3);
  const answer = await front.generate({ text: 'The lighthouse', max_tokens: 30, ignore_eos: true, stop: [stop] });
  assert.strictEqual(answer.finished.reason, 'FINISH_REASON_STOP_STRING');
  assert.strictEqual(answer.finished.stop, stop);
  assert.strictEqual(answer.text, whole.text.slice(0, whole.text.indexOf(stop)));
});

test('gives answers in the form asked for', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string', maxLength: 20 }, height: { type: 'integer', minimum: 1, maximum: 99 } },
    required: ['name', 'height'], additionalProperties: false };
  const messages = { messages: [{ role: 'ROLE_USER', content: 'What is a lighthouse?' }] };
  const json = await front.generate({ messages, json_schema: JSON.stringify(schema), sampling: { temperature: 1, seed: 3 } });
  assert.ifError(json.error);
  assert.strictEqual(json.finished.reason, 'FINISH_REASON_END_TOKEN');
  const value = JSON.parse(json.text);
  assert.deepStrictEqual(Object.keys(value), ['name', 'height']);
  assert.ok(value.name.length <= 20 && value.height >= 1 && value.height <= 99);
  assert.match((await front.generate({ messages, regex: '(yes|no), \\d{2}' })).text, /^(yes|no), \d{2}$/);
  assert.match((await front.generate({ messages, grammar: 'root ::= "ab"{3}' })).text, /^(ab){3}$/);
  const wrong = await front.generate({ messages, json_schema: '{"not": {}}' });
  assert.strictEqual(wrong.error.code, grpc.status.INVALID_ARGUMENT);
  assert.match(wrong.error.details, /json_schema: at #: the keyword not is not known/);
});

test('frees the slot when a client cancels', async () => {
  const answer = await front.generate(kEndless, { onEvent: (event, call) => event.delta && call.cancel() });
  assert.strictEqual(answer.error.code, grpc.status.CANCELLED);
  await until(async () => (await front.metric('bitnet_requests_total', 'code="CANCELLED"')) === 1, 'the cancelled request');
  await until(async () => (await front.metric('bitnet_requests_running')) === 0, 'no request runs');
});

test('keeps a deadline', async () => {
  const answer = await front.generate(kEndless, { deadlineMs: 20 });
  assert.strictEqual(answer.error.code, grpc.status.DEADLINE_EXCEEDED);
  await until(async () => (await front.metric('bitnet_requests_running')) === 0, 'no request runs');
});

test('says what is wrong with a request', async () => {
  for (const [request, code, message] of [
    [{}, 'INVALID_ARGUMENT', /^prompt is not set, wanted one of text, token_ids and messages$/],
    [{ text: 'x', sampling: { temperature: -1 } }, 'INVALID_ARGUMENT', /^sampling\.temperature is -1, wanted .*\[0, 100\]$/],
    [{ text: 'x', max_tokens: 0 }, 'INVALID_ARGUMENT', /^max_tokens is 0, wanted at least 1/],
    [{ text: 'x', stop: [''] }, 'INVALID_ARGUMENT', /^stop\[0\] is empty/],
    [{ text: 'x', logprobs: 21 }, 'INVALID_ARGUMENT', /^logprobs is 21, wanted at most 20$/],
    [{ token_ids: { ids: [4294967295] } }, 'INVALID_ARGUMENT', /^token_ids\.ids\[0\] is 4294967295, wanted less than/],
    [{ messages: { messages: [{ content: 'x' }] } }, 'INVALID_ARGUMENT', /^messages\.messages\[0\]\.role is 0/],
    [{ text: 'x '.repeat(20000) }, 'INVALID_ARGUMENT', /^prompt has \d+ tokens, wanted at most the model's context length/],
    [{ text: 'x', model: 'other' }, 'NOT_FOUND', /^model is "other", which is not served here; served is "/],
    [{ text: 'x'.repeat(5 << 20) }, 'RESOURCE_EXHAUSTED', /larger than max/],
  ]) {
    const { error } = await front.generate(request);
    assert.strictEqual(grpc.status[error?.code], code, JSON.stringify(request).slice(0, 100));
    assert.match(error.details, message);
  }
});

test('serves many clients at once, each with its own answer', async () => {
  const ask = (i) => front.generate({ text: `Number ${i}`, max_tokens: 20, ignore_eos: true });
  const alone = await ask(3);
  const answers = await Promise.all([...Array(8).keys()].map(ask));
  for (const answer of answers) assert.strictEqual(answer.ids.length, 20, answer.error?.details);
  assert.deepStrictEqual(answers[3].ids, alone.ids);
});

// What clients have received and what the counters say is the same, token for token, after a mixed load.
'use strict';

const assert = require('node:assert');
const { afterEach, beforeEach, test } = require('node:test');
const { Front, collect, grpc, random, until } = require('./front.js');

let front;
// What clients have seen.
let seen;

beforeEach(async () => {
  front = await Front.start('--workers', '2', '--stall-seconds', '600', '--max-waiting-per-client', '256');
  await front.awaitHealth('SERVING');
  await until(async () => (await front.metric('bitnet_worker_up')) === 2, 'two workers');
  seen = { prompt: 0, cached: 0, generated: 0, delivered: 0 };
});
afterEach(() => front.stop());

// Adds an answer to what was seen: one stream that began at its first token.
function note(answer) {
  seen.prompt += answer.started?.prompt_tokens ?? 0;
  seen.cached += answer.finished?.usage.cached_tokens ?? 0;
  seen.generated += answer.ids.length;
  seen.delivered += answer.ids.length;
  if (answer.finished) assert.strictEqual(answer.finished.usage.generated_tokens, answer.ids.length);
  return answer;
}

async function counted() {
  const total = (name) => front.metric(`bitnet_${name}_tokens_total`);
  return { prompt: await total('prompt'), cached: await total('cached_prompt'), generated: await total('generated'), delivered: await total('delivered') };
}

// Once nothing is under way any more, neither here nor in the workers.
async function quiet() {
  await until(async () => (await front.metric('bitnet_answers_in_progress')) + (await front.metric('bitnet_requests_running')) === 0, 'no answer');
}

const prompt = (i) => `The lighthouse number ${i % 5} stands on a rock, and its keeper`;

async function finished(i) {
  note(await front.generate({ text: prompt(i), max_tokens: 10 + i, ignore_eos: i % 2 === 0 }));
}

// The token that completes the stop string is one of the answer's, the ones behind it are not.
async function stopped(i) {
  note(await front.generate({ text: prompt(i), max_tokens: 100, ignore_eos: true, stop: ['e'] }));
}

async function refused() {
  note(await front.generate({ text: 'x', sampling: { temperature: -1 } }));
}

async function ended(i) {
  const request = { text: prompt(i), ignore_eos: true, resumable: true };
  let cancelled;
  const answer = note(await front.generate(request, { onEvent: (event, call, { started, ids }) => {
    if (ids.length > 3) cancelled ??= front.call('cancel', { request_id: started.request_id });
  } }));
  await cancelled;
  assert.ok(answer.finished || answer.error.code === grpc.status.CANCELLED);
}

// Breaks off, comes back, and reads all of it again: those tokens are delivered twice.
async function resumed(i) {
  const first = await front.generate({ text: prompt(i), max_tokens: 60, ignore_eos: true, resumable: true });
  note(first);
  const again = await collect(front.client.resume({ request_id: first.started.request_id, next_index: 20 }), { firstIndex: 20 });
  assert.deepStrictEqual(again.ids, first.ids.slice(20));
  seen.delivered += again.ids.length;
}

// Kills the workers at its first token, under all answers that there are.
async function moved(i) {
  let killed = false;
  note(await front.generate({ text: prompt(i), ignore_eos: true }, { onEvent: (event) => {
    if (!event.delta || killed) return;
    killed = true;
    for (const pid of front.workerPids()) process.kill(pid, 'SIGKILL');
  } }));
}

test('whatever ends at its end, by a stop string, by Cancel, is refused, is resumed, or loses its worker', async () => {
  const kinds = [finished, stopped, refused, ended, resumed];
  const calls = Array.from({ length: 100 }, (_, i) => kinds[i % kinds.length](i));
  await Promise.all([...calls, moved(1)]);
  await quiet();
  assert.ok((await front.metric('bitnet_failovers_total')) > 0, 'answers were moved');
  assert.deepStrictEqual(await counted(), seen);
  assert.ok(seen.cached > 0, 'prompts had a beginning in common');
});

// What is on its way when a client cancels only that client could count. So nothing is: the workers stand still.
test('cancelled streams, with no token on its way', async () => {
  const calls = [];
  const answers = [];
  await new Promise((resolve) => {
    let begun = 0;
    for (let i = 0; i < 20; ++i) {
      const call = front.client.generate({ text: prompt(i), ignore_eos: true });
      calls.push(call);
      answers.push(collect(call, { onEvent: (event, _, answer) => {
        if (event.delta && answer.ids.length === event.delta.tokens.length && ++begun === 4) resolve();
      } }));
    }
  });
  for (const pid of front.workerPids()) process.kill(pid, 'SIGSTOP');
  // The front goes on to give what it has got, and that may still be in a socket: it is all there when nothing more comes.
  let last;
  let same = 0;
  await until(async () => {
    const { generated, delivered } = await counted();
    same = generated === delivered && delivered === last ? same + 1 : 0;
    last = delivered;
    return same === 5;
  }, 'that all was delivered');
  for (const call of calls) call.cancel();
  for (const answer of await Promise.all(answers)) note(answer);
  // Until the front has heard of it: what a worker sends before that is counted, and nobody is there to read it.
  await until(async () => (await front.metric('bitnet_answers_in_progress')) === 0, 'the end of all answers');
  for (const pid of front.workerPids()) process.kill(pid, 'SIGCONT');
  await quiet();
  assert.deepStrictEqual(await counted(), seen);
  assert.ok(seen.generated > 0);
});

test('streams that are cancelled at any moment have had at most what was delivered, and that at most what was generated', async () => {
  const next = random(5);
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    const limit = next(40);
    note(await front.generate({ text: prompt(i), ignore_eos: true }, { onEvent: (event, call, answer) => answer.ids.length >= limit && call.cancel() }));
  }));
  await quiet();
  const { generated, delivered } = await counted();
  assert.ok(seen.delivered <= delivered, `${seen.delivered} received, ${delivered} delivered`);
  assert.ok(delivered <= generated, `${delivered} delivered, ${generated} generated`);
});

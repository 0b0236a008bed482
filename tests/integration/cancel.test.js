// Clients that leave at any moment, and what is left of them: nothing.
// https://github.com/ggml-org/llama.cpp/issues/13262 (queued), https://github.com/ggml-org/llama.cpp/issues/15232 (in prefill),
// https://github.com/ggml-org/llama.cpp/issues/24496 (in an answer).
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { Front, grpc, random, until } = require('./front.js');

const kCalls = 500;
const kAtOnce = 32;
const kSlots = 4;
const kDeadlineMs = 60000; // Only a failing test waits this long.
const kLongestPatience = 60; // Events of all calls until one is cancelled.
// Prefilled in several steps of 16 tokens, and then answered until the context is full.
const kRequest = { text: 'the lighthouse stands on the island and '.repeat(8), ignore_eos: true };

// Makes calls, each of which is cancelled after a random number of events of whatever call: so some wait for a slot then, some
// are in prefill, some answer, and no clock decides. Counts what became of them.
class Leavers {
  constructor(front) {
    this.front = front;
    this.draw = random(1);
    this.doomed = new Map(); // From a call to the events that it will still see.
    this.ends = { beforeToken: 0, inAnswer: 0, answered: 0 };
  }

  tick() {
    for (const [call, events] of this.doomed) {
      this.doomed.set(call, events - 1);
      if (events > 0) continue;
      this.doomed.delete(call);
      call.cancel();
    }
  }

  async call() {
    const call = this.front.client.generate(kRequest, { deadline: Date.now() + kDeadlineMs });
    let hadToken = false;
    this.doomed.set(call, this.draw(kLongestPatience));
    call.on('data', (event) => {
      hadToken ||= Boolean(event.delta);
      this.tick();
    });
    call.on('error', () => {}); // The status tells as well.
    const { code, details } = await new Promise((resolve) => call.on('status', resolve));
    this.doomed.delete(call);
    assert.ok(code === grpc.status.OK || code === grpc.status.CANCELLED, `${code}: ${details}`);
    this.ends[code === grpc.status.OK ? 'answered' : hadToken ? 'inAnswer' : 'beforeToken'] += 1;
  }

  async caller(calls) {
    for (let i = 0; i < calls; ++i) await this.call();
  }
}

test(`${kCalls} cancellations at random moments leak no slot and no place`, async () => {
  const front = await Front.start('--max-sequences', String(kSlots), '--chunk-size', '16', '--drain-seconds', '86400');
  await front.awaitHealth('SERVING');
  const leavers = new Leavers(front);
  await Promise.all(Array.from({ length: kAtOnce }, (_, i) =>
    leavers.caller(Math.floor(kCalls / kAtOnce) + (i < kCalls % kAtOnce ? 1 : 0))));
  console.log(`cancelled: ${JSON.stringify(leavers.ends)}`);
  assert.ok(leavers.ends.beforeToken > kAtOnce && leavers.ends.inAnswer > kAtOnce, JSON.stringify(leavers.ends));

  for (const name of ['bitnet_requests_running', 'bitnet_requests_waiting', 'bitnet_kv_blocks_used']) {
    await until(async () => (await front.metric(name)) === 0, `${name} is 0`);
  }
  // All slots are to be had: as many answers as there are slots come at once.
  const answers = await Promise.all(Array.from({ length: kSlots }, () => front.generate({ text: 'x', max_tokens: 4, ignore_eos: true })));
  for (const answer of answers) assert.strictEqual(answer.ids.length, 4, answer.error?.details);
  // A call that the front still believed in would keep it from leaving for a day.
  front.process.kill('SIGTERM');
  await until(async () => front.process.exitCode !== null, 'the front has drained');
  assert.strictEqual(front.process.exitCode, 0);
  front.close();
});

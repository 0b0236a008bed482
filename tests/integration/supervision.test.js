// What a client sees when a worker dies, and when the server is told to stop.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { Front, get, grpc, until } = require('./front.js');

const kEndless = { text: 'Once upon a time', ignore_eos: true };

async function withFront(flags, body) {
  const front = await Front.start(...flags);
  try {
    await front.awaitHealth('SERVING');
    await body(front);
  } finally {
    await front.stop();
  }
}

async function killWorker(front) {
  const pids = front.workerPids();
  assert.strictEqual(pids.length, 1, 'one worker runs');
  process.kill(pids[0], 'SIGKILL');
}

// Clients are told UNAVAILABLE, and nothing else, until the worker is back.
async function awaitService(front) {
  await until(async () => {
    const { error, finished } = await front.generate({ text: 'x', max_tokens: 1 });
    if (error) assert.strictEqual(error.code, grpc.status.UNAVAILABLE, error.details);
    return finished !== undefined;
  }, 'service resumes');
}

test('resumes service after a worker was killed while idle', () => withFront([], async (front) => {
  await killWorker(front);
  await until(async () => (await front.metric('bitnet_worker_restarts_total')) === 1, 'the restart is counted');
  await front.awaitHealth('SERVING');
  await awaitService(front);
  await until(async () => (await front.metric('bitnet_worker_up')) === 1, 'the worker is up');
}));

test('goes on after its worker was killed, with the tokens there would have been', () => withFront([], async (front) => {
  const whole = await front.generate(kEndless);
  const begun = new Set();
  const onEvent = (event, call) => {
    if (event.delta && begun.size < 3 && begun.add(call).size === 3) killWorker(front); // All of them have one to lose.
  };
  const answers = await Promise.all([1, 2, 3].map(() => front.generate(kEndless, { onEvent })));
  for (const { error, finished, ids, text } of answers) {
    assert.ifError(error);
    assert.deepStrictEqual(ids, whole.ids);
    assert.strictEqual(text, whole.text);
    assert.strictEqual(finished.usage.attempts, 2);
  }
  assert.strictEqual(await front.metric('bitnet_failovers_total', 'reason="lost"'), 3);
}));

test('says UNAVAILABLE to those whose worker was killed, if told not to go on, and resumes',
  () => withFront(['--failover-seconds', '0'], async (front) => {
    let killed = false;
    const onEvent = (event) => {
      if (event.delta && !killed) {
        killed = true;
        killWorker(front);
      }
    };
    const { error, finished } = await front.generate(kEndless, { onEvent });
    assert.strictEqual(error?.code, grpc.status.UNAVAILABLE);
    assert.match(error.details, /^worker W0 went away after \d+ tokens; try again$/);
    assert.strictEqual(finished, undefined);
    await awaitService(front);
    await until(async () => (await front.metric('bitnet_worker_restarts_total')) === 1, 'the restart is counted');
  }));

test('restarts its workers at SIGHUP and loses nothing', () => withFront(['--workers', '2'], async (front) => {
  const request = { ...kEndless, sampling: { temperature: 1, seed: 7 } };
  const whole = await front.generate(request);
  const before = front.workerPids();
  let told = false;
  const onEvent = (event) => {
    if (event.delta && !told) {
      told = true;
      front.process.kill('SIGHUP');
    }
  };
  const answers = await Promise.all([1, 2, 3, 4].map(() => front.generate(request, { onEvent })));
  for (const { error, ids, text } of answers) {
    assert.ifError(error);
    assert.deepStrictEqual(ids, whole.ids);
    assert.strictEqual(text, whole.text);
  }
  await until(async () => (await front.metric('bitnet_worker_restarts_total')) === 2, 'both are restarted');
  await until(async () => (await front.metric('bitnet_worker_up')) === 2, 'both are back');
  assert.ok(front.workerPids().every((pid) => !before.includes(pid)));
  assert.strictEqual(await front.metric('bitnet_failovers_total', 'reason="lost"'), 0);
}));

test('lets a running stream end before it stops', () => withFront([], async (front) => {
  let stopped = false;
  const answer = await front.generate(kEndless, {
    onEvent: (event) => {
      if (event.delta && !stopped) {
        stopped = true;
        front.process.kill('SIGTERM');
      }
    },
  });
  assert.ifError(answer.error);
  assert.strictEqual(answer.finished.reason, 'FINISH_REASON_LENGTH');
  assert.deepStrictEqual(await front.ended, { code: 0, signal: null });
}));

test('is not ready and takes nothing while it drains', () => withFront([], async (front) => {
  const notServing = front.awaitHealth('NOT_SERVING');
  let stopped = false;
  const running = front.generate(kEndless, {
    onEvent: (event) => {
      if (event.delta && !stopped) {
        stopped = true;
        front.process.kill('SIGTERM');
      }
    },
  });
  await notServing;
  const [ready, refused] = await Promise.all([
    get(front.http, '/readyz').catch(() => null), front.generate({ text: 'x', max_tokens: 1 })]);
  if (ready !== null) assert.strictEqual(ready.status, 503); // Null: it had drained and gone by then.
  assert.strictEqual(refused.error.code, grpc.status.UNAVAILABLE);
  assert.ifError((await running).error);
  assert.deepStrictEqual(await front.ended, { code: 0, signal: null });
}));

test('ends what runs at the end of the drain time', () => withFront(['--drain-seconds', '0'], async (front) => {
  let stopped = false;
  const { error } = await front.generate(kEndless, {
    onEvent: (event) => {
      if (event.delta && !stopped) {
        stopped = true;
        front.process.kill('SIGTERM');
      }
    },
  });
  assert.strictEqual(error.code, grpc.status.UNAVAILABLE);
  assert.deepStrictEqual(await front.ended, { code: 0, signal: null });
}));

test('leaves with the reason when the model cannot be loaded', async () => {
  const front = await Front.start('--model', __filename);
  assert.deepStrictEqual(await front.ended, { code: 78, signal: null });
  assert.match(front.log, /no worker can start: .*supervision\.test\.js/);
  await front.stop();
});

test('takes its worker along when it is killed', async () => {
  const front = await Front.start();
  await front.awaitHealth('SERVING');
  const [worker] = front.workerPids();
  front.process.kill('SIGKILL');
  await front.ended;
  await until(() => {
    try {
      process.kill(worker, 0);
      return false;
    } catch {
      return true;
    }
  }, 'the worker leaves');
  await front.stop();
});

// A model's file is replaced by another one while it is served: no answer is lost, and none is of both.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Admin } = require('./admin.js');
const { Front, grpc, kSource, until } = require('./front.js');

const kQuestion = { text: 'The sea', max_tokens: 150, ignore_eos: true };
let folder;
let old;
let other;
const wanted = {}; // By file: the answer's ids.

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-swap-'));
  old = path.join(folder, 'old.gguf');
  fs.copyFileSync(process.env.BITNET_TEST_MODEL, old);
  other = path.join(kSource, 'models', 'lighthouse-w1a1-6m.gguf');
  await withFront(['--model', old, '--model', `other=${other}`], async (front) => {
    for (const [file, model] of [[old, ''], [other, 'other']]) {
      const answer = await front.generate({ ...kQuestion, model });
      assert.ifError(answer.error);
      wanted[file] = answer.ids.join();
    }
  });
  assert.notStrictEqual(wanted[old], wanted[other]);
});
after(() => fs.rmSync(folder, { recursive: true }));

async function withFront(flags, body) {
  const front = await Front.start('--threads', '1', '--admin-listen', '127.0.0.1:0', ...flags);
  const admin = new Admin(front.admin);
  try {
    await front.awaitHealth('SERVING');
    await body(front, admin);
  } finally {
    admin.close();
    await front.stop();
  }
}

for (const workers of [1, 2]) {
  test(`swaps under load, with ${workers} worker${workers > 1 ? 's' : ''}`, () =>
    withFront(['--workers', String(workers)], async (front, admin) => {
      await until(async () => (await front.metric('bitnet_worker_up')) === workers, 'all workers');
      const seen = { [wanted[old]]: 0, [wanted[other]]: 0 };
      let swapped = false;
      const client = async () => {
        for (let last = false; !last;) {
          last = swapped; // One more after the swap.
          const answer = await front.generate(kQuestion);
          assert.ifError(answer.error);
          assert.ok(answer.ids.join() in seen, 'an answer of one file from its beginning to its end');
          ++seen[answer.ids.join()];
          if (last) assert.strictEqual(answer.ids.join(), wanted[other]);
        }
      };
      const clients = [client(), client(), client()];
      const running = await new Promise((resolve) => {
        const answer = front.generate(kQuestion, { onEvent: (event) => event.delta && resolve({ answer }) });
      });
      const before = await front.call('getModel', {});
      const model = await admin.call('swapModel', { path: other });
      swapped = true;
      assert.strictEqual(model.name, before.name);
      assert.notStrictEqual(model.fingerprint, before.fingerprint);
      assert.strictEqual((await running.answer).ids.join(), wanted[old], 'it ends as it began');
      await Promise.all(clients);
      assert.ok(seen[wanted[old]] > 0 && seen[wanted[other]] > 0);
      assert.strictEqual((await front.call('getModel', {})).fingerprint, model.fingerprint);
    }));
}

test('keeps the model where the new file is none', () => withFront([], async (front, admin) => {
  const bad = path.join(folder, 'bad.gguf');
  fs.writeFileSync(bad, fs.readFileSync(old).subarray(0, 1000));
  await assert.rejects(admin.call('swapModel', { path: bad }),
    (error) => error.code === grpc.status.FAILED_PRECONDITION && /bad\.gguf.*the file before is served on$/.test(error.details));
  await assert.rejects(admin.call('swapModel', { path: path.join(folder, 'none') }), { code: grpc.status.NOT_FOUND });
  await assert.rejects(admin.call('swapModel', { path: other, model: 'none' }), { code: grpc.status.NOT_FOUND });
  assert.strictEqual((await front.generate(kQuestion)).ids.join(), wanted[old]);
}));

test('takes a file that was put in the place of another at SIGHUP', async () => {
  const file = path.join(folder, 'model.gguf');
  fs.copyFileSync(old, file);
  await withFront(['--model', `m=${file}`], async (front) => {
    const ask = () => front.generate({ ...kQuestion, model: 'm' });
    assert.strictEqual((await ask()).ids.join(), wanted[old]);
    fs.copyFileSync(other, `${file}.new`);
    fs.renameSync(`${file}.new`, file);
    front.process.kill('SIGHUP');
    await until(async () => (await ask()).ids.join() === wanted[other], 'the new file');
  });
});

// The worker's sandbox: what the kernel says of its process, and that it serves all the same.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Admin } = require('./admin.js');
const { writeAdapter } = require('./adapter_file.js');
const { Front, skipUnless } = require('./front.js');

const kHasSeccomp = /^Seccomp:/m.test(fs.readFileSync('/proc/self/status', 'utf8'));

async function withFront(flags, body) {
  const front = await Front.start(...flags);
  try {
    await front.awaitHealth('SERVING');
    await body(front);
  } finally {
    await front.stop();
  }
}

function statusOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]);
  return { filtered: field('Seccomp') === 2, noNewPrivileges: field('NoNewPrivs') === 1 };
}

test('confines its workers, whose threads and adapters work as ever', async (t) => {
  const missing = skipUnless(kHasSeccomp, 'seccomp in the kernel');
  if (missing) return t.skip(missing);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-sandbox-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  await withFront(['--admin-listen', '127.0.0.1:0', '--threads', '2'], async (front) => {
    const [worker] = front.workerPids();
    for (const thread of fs.readdirSync(`/proc/${worker}/task`)) {
      assert.deepStrictEqual(statusOf(thread), { filtered: true, noNewPrivileges: true }, `thread ${thread}`);
    }
    assert.deepStrictEqual(statusOf(front.process.pid), { filtered: false, noNewPrivileges: false });
    assert.match(fs.readFileSync(`/proc/${worker}/limits`, 'utf8'), /^Max core file size +0 +0/m);
    assert.match(front.log, /worker W0: sandbox: no new privileges; .*seccomp/);

    const server = new Admin(front.admin);
    await server.call('loadAdapter', { name: 'poet', path: writeAdapter(path.join(folder, 'poet'), 1) });
    server.close();
    const question = { text: 'The lighthouse', max_tokens: 24, adapters: [{ name: 'poet' }] };
    const answers = await Promise.all([
      front.generate(question),
      front.generate({ text: 'The sea', max_tokens: 24 }),
      front.generate({ text: 'The sea', max_tokens: 24, regex: '[a-z ]+' }),
    ]);
    for (const answer of answers) {
      assert.ifError(answer.error);
      assert.ok(answer.ids.length > 0);
    }
    assert.deepStrictEqual(front.workerPids(), [worker], 'the worker lives still');
  });
});

test('leaves workers their rights with --no-sandbox, and says so', () => withFront(['--no-sandbox'], async (front) => {
  const [worker] = front.workerPids();
  if (kHasSeccomp) assert.deepStrictEqual(statusOf(worker), { filtered: false, noNewPrivileges: false });
  assert.match(front.log, /worker W0: sandbox: switched off by --no-sandbox/);
  assert.ifError((await front.generate({ text: 'The sea', max_tokens: 3 })).error);
}));

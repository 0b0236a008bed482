// bitnet-top against a front under load.
'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');
const { Front } = require('./front.js');

const top = (...flags) => promisify(execFile)(process.env.BITNET_TOP, flags).catch((error) => error);
let front;

before(async () => {
  front = await Front.start('--workers', '2', '--threads', '1');
  await front.awaitHealth('SERVING');
});
after(() => front.stop());

test('shows workers and what they do', async () => {
  let over = false;
  const load = (async () => {
    while (!over) await front.generate({ text: 'The sea', max_tokens: 300, ignore_eos: true });
  })();
  const { stdout } = await top(front.http, '--once');
  over = true;
  await load;
  assert.match(stdout, /^bitnet \d\S* {3}2 of 2 workers ready\n/);
  assert.match(stdout, /\nW0 lighthouse-1\.58b-6m .*\nW1 lighthouse-1\.58b-6m /);
  assert.ok(Number.parseFloat(/tokens per second +(\S+) generated/.exec(stdout)[1]) > 0, stdout);
  assert.doesNotMatch(stdout, /\x1b/); // Not a terminal.
});

test('says why it shows nothing', async () => {
  const gone = await top('127.0.0.1:1', '--once');
  assert.strictEqual(gone.code, 1);
  assert.match(gone.stderr, /^bitnet-top: no answer from 127\.0\.0\.1:1: /);
  assert.strictEqual((await top('--interval', '0')).code, 64);
  assert.match((await top('--version')).stdout, /^bitnet-top \d/);
});

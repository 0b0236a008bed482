// Tokens and TLS, as a client uses them that is not ours.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Front, get, grpc, newToken, until } = require('./front.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-security-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const file = (name) => path.join(folder, name);

function makeCertificate() {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key'), '-out', file('certificate')],
  { stdio: 'ignore' });
}

function list(client, metadata = new grpc.Metadata()) {
  return new Promise((resolve) => {
    client.listModels({}, metadata, { deadline: Date.now() + 60000 }, (error, response) => resolve({ error, response }));
  });
}

test('serves those whose token it knows, over TLS, and nobody else', async () => {
  const web = newToken('web');
  fs.writeFileSync(file('tokens'), `# who may call\n${web.line} priority=normal\n`);
  makeCertificate();
  const front = await Front.start('--tokens', file('tokens'), '--tls-cert', file('certificate'), '--tls-key', file('key'),
    '--log-level', 'debug');
  try {
    const channel = grpc.credentials.createSsl(fs.readFileSync(file('certificate')));
    const options = { 'grpc.ssl_target_name_override': 'localhost' };
    const bearer = (token) => grpc.credentials.createFromMetadataGenerator((_, done) => {
      const metadata = new grpc.Metadata();
      metadata.set('authorization', `Bearer ${token}`);
      done(null, metadata);
    });
    const as = (credentials) => new front.client.constructor(front.grpc, credentials, options);
    const known = as(grpc.credentials.combineChannelCredentials(channel, bearer(web.token)));
    const unknown = as(grpc.credentials.combineChannelCredentials(channel, bearer(newToken('web').token)));
    const silent = as(channel);

    assert.strictEqual((await list(unknown)).error.code, grpc.status.UNAUTHENTICATED);
    assert.strictEqual((await list(silent)).error.code, grpc.status.UNAUTHENTICATED);
    const plain = await new Promise((resolve) => {
      front.client.listModels({}, { deadline: Date.now() + 5000 }, (error) => resolve(error));
    });
    assert.ok(plain, 'answers without TLS');

    front.client = known;
    assert.ifError((await list(known)).error);
    await until(async () => (await get(front.http, '/readyz')).status === 200, 'it is ready'); // gRPC's health service wants TLS, too.
    const answer = await front.generate({ text: 'Once', max_tokens: 4 });
    assert.ifError(answer.error);
    assert.strictEqual(answer.ids.length, 4);

    assert.strictEqual((await get(front.http, '/metrics')).status, 401);
    assert.strictEqual((await get(front.http, '/healthz')).status, 200);
    assert.ok(!front.log.includes(web.token), 'a token is in the log');
  } finally {
    await front.stop();
  }
});

test('does not serve other machines without knowing who they are', async () => {
  await assert.rejects(Front.start('--listen', '0.0.0.0:0'), /--listen 0\.0\.0\.0:0 is reached from other machines.*--allow-anonymous/);
  const front = await Front.start('--listen', '0.0.0.0:0', '--allow-anonymous');
  await front.stop();
});

// Starts a real bitnet-front and speaks to it with a gRPC stack that is not ours.
'use strict';

const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const kSource = path.resolve(__dirname, '..', '..');
const kLoad = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const kDeadlineMs = 60000; // Only a failing test waits this long.

function load(file, ...folders) {
  return grpc.loadPackageDefinition(protoLoader.loadSync(file, { ...kLoad, includeDirs: folders }));
}

const inference = load('bitnet/v1/inference.proto', path.join(kSource, 'proto')).bitnet.v1;
const health = load('health/v1/health.proto', path.join(path.dirname(require.resolve('grpc-health-check/package.json')), 'proto')).grpc.health.v1;

const rpc = load('google/rpc/error_details.proto', path.join(kSource, 'proto')).google.rpc;
const rpcStatus = load('google/rpc/status.proto', path.join(kSource, 'proto')).google.rpc.Status;

// What an error tells beyond its code and message, by the name of the detail: {RetryInfo: {retry_delay: ...}, ...}.
function richError(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(bytes, `${error.message} has details`);
  const { code, message, details } = rpcStatus.deserialize(bytes);
  assert.strictEqual(code, error.code);
  assert.strictEqual(message, error.details);
  return Object.fromEntries(details.map(({ type_url: type, value }) => {
    const name = type.replace('type.googleapis.com/google.rpc.', '');
    return [name, rpc[name].deserialize(value)];
  }));
}

// Where BITNET_REQUIRE_ALL is set, what is missing is a failure and not a reason to skip.
function skipUnless(present, what) {
  if (present) return false;
  assert.ok(!process.env.BITNET_REQUIRE_ALL, `${what} is missing`);
  return `${what} is missing`;
}

function get(address, target) {
  return new Promise((resolve, reject) => {
    http.get(`http://${address}${target}`, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });
}

// A caller's token, and its line for the file of --tokens.
function newToken(name) {
  const [token, line] = execFileSync(process.env.BITNET_FRONT, ['--new-token', name], { encoding: 'utf8' }).split('\n');
  return { token, line };
}

// A small generator with a seed, so that a failure can be seen again.
function random(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

// Asks until `check` holds, as a scraper does: there is no event for a number that changes.
async function until(check, what, deadlineMs = kDeadlineMs) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    if (await check()) return;
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function generate(client, request, { deadlineMs = kDeadlineMs, metadata = new grpc.Metadata(), onEvent } = {}) {
  return collect(client.generate(request, metadata, { deadline: Date.now() + deadlineMs }), { onEvent });
}

// Resolves to {events, text, ids, started, finished, error, headers, trailers} however the stream ends. `onEvent` may act on it.
// Tokens are counted from `firstIndex`.
function collect(call, { firstIndex = 0, onEvent = () => {} } = {}) {
  return new Promise((resolve) => {
    const answer = { events: [], text: '', ids: [] };
    call.on('metadata', (headers) => (answer.headers = headers));
    call.on('data', (event) => {
      answer.events.push(event.event);
      if (event.started) answer.started = event.started;
      if (event.finished) answer.finished = event.finished;
      if (event.delta) {
        answer.text += event.delta.text;
        for (const token of event.delta.tokens) {
          assert.strictEqual(token.index, firstIndex + answer.ids.length, 'token indexes count up');
          answer.ids.push(token.id);
        }
      }
      onEvent(event, call, answer);
    });
    call.on('error', (error) => (answer.error = error));
    call.on('status', (status) => {
      answer.trailers = status.metadata;
      setImmediate(() => resolve(answer));
    });
  });
}

class Front {
  static async start(...flags) {
    const front = new Front();
    front.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-test-'));
    const portFile = path.join(front.folder, 'ports.json');
    let watcher;
    const written = new Promise((resolve) => {
      watcher = fs.watch(front.folder, () => fs.existsSync(portFile) && resolve());
    });
    front.log = '';
    front.process = spawn(process.env.BITNET_FRONT,
      [...(flags.includes('--model') ? [] : ['--model', process.env.BITNET_TEST_MODEL]), '--worker-binary', process.env.BITNET_WORKER, '--listen', '127.0.0.1:0',
        '--http', '127.0.0.1:0', '--port-file', portFile, '--workers', '1', ...flags],
      { stdio: ['ignore', 'inherit', 'pipe'] });
    front.process.stderr.on('data', (text) => (front.log += text));
    front.ended = new Promise((resolve) => front.process.on('exit', (code, signal) => resolve({ code, signal })));
    await Promise.race([written, front.ended]);
    watcher.close();
    assert.ok(fs.existsSync(portFile), front.log);
    const ports = JSON.parse(fs.readFileSync(portFile, 'utf8'));
    front.grpc = ports.grpc;
    front.http = ports.http;
    front.admin = ports.admin;
    front.agent = ports.agent;
    front.client = new inference.InferenceService(front.grpc, grpc.credentials.createInsecure());
    front.health = new health.Health(front.grpc, grpc.credentials.createInsecure());
    return front;
  }

  // Waits for an event of the health service's Watch.
  awaitHealth(wanted, service = 'bitnet.v1.InferenceService') {
    return new Promise((resolve, reject) => {
      const watch = this.health.watch({ service });
      watch.on('data', (response) => {
        if (response.status === wanted) {
          watch.cancel();
          resolve();
        }
      });
      watch.on('error', (error) => (error.code === grpc.status.CANCELLED ? resolve() : reject(error)));
    });
  }

  generate(request, options) {
    return generate(this.client, request, options);
  }

  call(method, request) {
    return new Promise((resolve, reject) => {
      this.client[method](request, { deadline: Date.now() + kDeadlineMs },
        (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  // The sum of a metric's series whose labels contain `labels`.
  async metric(name, labels = '') {
    const { body } = await get(this.http, '/metrics');
    return body.split('\n')
      .filter((line) => line.startsWith(`${name} `) || (line.startsWith(`${name}{`) && line.includes(labels)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  workerPids() {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')[1] === String(this.process.pid);
      } catch {
        return false; // It has ended in the meantime.
      }
    }).map(Number);
  }

  async stop() {
    this.process.kill('SIGTERM');
    this.process.kill('SIGTERM');
    const end = await this.ended;
    this.close();
    return end;
  }

  // What is left here of one that has ended.
  close() {
    this.client.close();
    this.health.close();
    fs.rmSync(this.folder, { recursive: true });
  }
}

module.exports = { Front, collect, generate, get, grpc, inference, kSource, load, newToken, random, richError, skipUnless, until };

// A real Prometheus with deploy/prometheus, of which only times and addresses are changed.
'use strict';

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { get, kSource, until } = require('./front.js');

const kDeploy = path.join(kSource, 'deploy/prometheus');

function hasPrometheus() {
  return !spawnSync('prometheus', ['--version']).error;
}

// Prometheus does not tell which port it got, so it is given one that was free a moment ago.
function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function configuration(targets) {
  const replace = (text, pattern, by) => {
    assert.match(text, pattern);
    return text.replace(pattern, by);
  };
  let text = fs.readFileSync(path.join(kDeploy, 'prometheus.yml'), 'utf8');
  text = replace(text, /scrape_interval: 15s/, 'scrape_interval: 250ms');
  text = replace(text, /evaluation_interval: 15s/, 'evaluation_interval: 250ms');
  text = replace(text, /- (\w+_rules\.yml)\n  - (\w+_rules\.yml)/, `- ${kDeploy}/$1\n  - ${kDeploy}/$2`);
  return replace(text, /- targets:.*\n(?: +- mini\d:8080\n)+/, `- targets: ${JSON.stringify(targets)}\n`);
}

class Prometheus {
  // Scrapes `targets`, addresses of HTTP ports.
  static async start(targets) {
    const prometheus = new Prometheus();
    prometheus.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-test-'));
    const file = path.join(prometheus.folder, 'prometheus.yml');
    fs.writeFileSync(file, configuration(targets));
    prometheus.address = `127.0.0.1:${await freePort()}`;
    prometheus.process = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${prometheus.folder}/data`,
      `--web.listen-address=${prometheus.address}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    prometheus.process.stderr.on('data', (text) => (log += text));
    prometheus.ended = new Promise((resolve) => prometheus.process.on('exit', resolve));
    await until(async () => {
      assert.strictEqual(prometheus.process.exitCode, null, log);
      return (await get(prometheus.address, '/-/ready').catch(() => ({}))).status === 200;
    }, 'Prometheus');
    return prometheus;
  }

  async ask(target) {
    const { body } = await get(this.address, `/api/v1/${target}`);
    const { status, data, error } = JSON.parse(body);
    assert.strictEqual(status, 'success', `${decodeURIComponent(target)}: ${error}`);
    return data;
  }

  // The series of a query's result as of now, without those that are no numbers.
  async query(expression) {
    const { result } = await this.ask(`query?query=${encodeURIComponent(expression)}`);
    return result.filter(({ value }) => Number.isFinite(Number(value[1])));
  }

  labelValues(label, selector) {
    return this.ask(`label/${label}/values?match[]=${encodeURIComponent(selector)}`);
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.ended;
    fs.rmSync(this.folder, { recursive: true });
  }
}

module.exports = { Prometheus, hasPrometheus };

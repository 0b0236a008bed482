// Starts a real HAProxy with the configuration of deploy/haproxy, of which only addresses are changed.
'use strict';

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { kSource } = require('./front.js');

const kConfig = path.join(kSource, 'deploy', 'haproxy', 'haproxy.cfg');

function portOf(address) {
  return address.slice(address.lastIndexOf(':') + 1);
}

// What a front says to an agent check.
function askAgent(address) {
  return new Promise((resolve) => {
    let line = '';
    const socket = net.connect(portOf(address), '127.0.0.1');
    socket.on('data', (text) => (line += text));
    socket.on('end', () => resolve(`says "${line.trim()}"`));
    socket.on('error', (error) => resolve(`does not answer (${error.code})`));
  });
}

// HAProxy takes no port 0, so clients and operators reach it at Unix sockets.
function configure(fronts, folder) {
  const replace = (text, from, to) => {
    assert.match(text, from, 'deploy/haproxy/haproxy.cfg has what is replaced here');
    return text.replace(from, to);
  };
  let text = fs.readFileSync(kConfig, 'utf8');
  text = replace(text, /^ +user .*\n +group .*\n/m, '');
  text = replace(text, /^ +log \/dev\/log .*$/m, '  log stdout format raw local0');
  text = replace(text, /stats socket \S+ .*/, `stats socket ${folder}/admin.sock level admin`);
  text = replace(text, /^ +bind :50051 /m, `  bind unix@${folder}/grpc.sock `);
  text = replace(text, /^ +bind 127.0.0.1:8404$/m, `  bind unix@${folder}/http.sock`);
  for (const [i, front] of fronts.entries()) {
    text = replace(text, new RegExp(`^( +server mini${i + 1}) \\S+`, 'm'),
      `$1 ${front.grpc} port ${portOf(front.http)} agent-port ${portOf(front.agent)}`);
  }
  return text;
}

class Balancer {
  static present() {
    return !spawnSync('haproxy', ['-v']).error;
  }

  static async start(...fronts) {
    const balancer = new Balancer();
    balancer.agents = Object.fromEntries(fronts.map((front, i) => [`mini${i + 1}`, front.agent]));
    balancer.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-lb-'));
    balancer.grpc = `unix:${balancer.folder}/grpc.sock`;
    const config = path.join(balancer.folder, 'haproxy.cfg');
    fs.writeFileSync(config, configure(fronts, balancer.folder));
    balancer.log = '';
    balancer.process = spawn('haproxy', ['-W', '-db', '-f', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    balancer.ended = new Promise((resolve) => balancer.process.on('exit', resolve));
    // The master says so when its worker listens.
    await Promise.race([balancer.ended, new Promise((resolve) => {
      const read = (text) => {
        balancer.log += text;
        if (/Loading success/.test(balancer.log)) resolve();
      };
      balancer.process.stdout.on('data', read);
      balancer.process.stderr.on('data', read);
    })]);
    assert.strictEqual(balancer.process.exitCode, null, balancer.log);
    return balancer;
  }

  // A command of HAProxy's runtime API.
  tell(command) {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = net.connect(path.join(this.folder, 'admin.sock'), () => socket.write(`${command}\n`));
      socket.on('data', (text) => (answer += text));
      socket.on('end', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  // {mini1: {status: 'UP', weight: '100', ...}, ...}, columns as `show stat` names them.
  async servers() {
    const [head, ...lines] = (await this.tell('show stat')).trim().split('\n');
    const names = head.replace(/^# /, '').split(',');
    const cells = (line) => [...line.matchAll(/(?:"([^"]*)"|([^,]*))(?:,|$)/g)].map((cell) => cell[1] ?? cell[2]);
    const rows = lines.map((line) => Object.fromEntries(cells(line).map((value, i) => [names[i], value])));
    return Object.fromEntries(rows.filter((row) => /^mini/.test(row.svname)).map((row) => [row.svname, row]));
  }

  // A line for each front: what it says itself, and what HAProxy makes of it. A front started again is to keep its addresses.
  async states() {
    const servers = Object.values(await this.servers());
    const said = await Promise.all(servers.map((row) => askAgent(this.agents[row.svname])));
    return servers.map((row, i) => `${row.svname} ${said[i]}; HAProxy: ${row.status}, weight ${row.weight}, ${row.scur} streams now, ` +
      `${row.stot} so far (check ${row.check_status}, agent ${row.agent_status})`).join('\n    ');
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.ended;
    fs.rmSync(this.folder, { recursive: true });
  }
}

module.exports = { Balancer };

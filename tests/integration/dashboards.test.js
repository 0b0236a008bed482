// Every query of the dashboards, asked of a real Prometheus that scrapes a front under load: no panel is empty.
'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { dashboards, panels, substitute } = require('./dashboards.js');
const { FakeMachine } = require('./fake_machine.js');
const { Front, skipUnless, until } = require('./front.js');
const { Prometheus, hasPrometheus } = require('./prometheus.js');

// Grafana's own; of its scrape interval it makes a longer one.
const kGrafana = { __rate_interval: '1m', datasource: 'prometheus' };

const missing = skipUnless(hasPrometheus(), 'prometheus (Debian package prometheus)');
let machine; // This one may have no sensors, as virtual machines have none.
let front;
let prometheus;
let load;

// Calls of all kinds until `stop()`. Prompts begin alike and repeat themselves, so that the caches and guesses have something.
function startLoad() {
  let running = true;
  const text = 'One two three four, one two three four, one two three four, one two three four. '.repeat(3);
  const loop = async () => {
    for (let i = 0; running; ++i) {
      const answer = await front.generate({ text, max_tokens: 40, resumable: true });
      if (answer.started) {
        await new Promise((resolve) => front.client.resume({ request_id: answer.started.request_id }).on('data', () => {}).on('error', () => {}).on('status', resolve));
      }
      await front.generate({ text: `${text} ${i}`, max_tokens: 5, stop: ['four'] });
      await front.call('tokenize', { text }).catch(() => {}); // Its worker may be the one that is killed.
      await front.generate({ text, sampling: { temperature: -1 } }); // Refused.
    }
  };
  const loops = [loop(), loop(), loop()];
  return { stop: () => { running = false; return Promise.all(loops); } };
}

// For an answer's events: at its first token all workers are killed.
function killWorkersOnce() {
  let killed = false;
  return (event) => {
    if (killed || !event.delta) return;
    killed = true;
    for (const pid of front.workerPids()) process.kill(pid, 'SIGKILL');
  };
}

before(async () => {
  if (missing) return;
  machine = new FakeMachine();
  front = await Front.start('--sensor-root', machine.root, '--workers', '2', '--max-resumable', '100000', '--max-resumable-bytes', '1000000000');
  await front.awaitHealth('SERVING');
  await until(async () => (await front.metric('bitnet_worker_up')) === 2, 'two workers');
  prometheus = await Prometheus.start([front.http]);
  load = startLoad();
  // Rates of what is lost want a number from before.
  await until(async () => (await prometheus.query('bitnet_failovers_total')).length > 0, 'the first scrape');
  await until(async () => {
    await front.generate({ text: 'The lighthouse', ignore_eos: true }, { onEvent: killWorkersOnce() });
    return (await front.metric('bitnet_failovers_total')) > 0;
  }, 'an answer that lost its worker');
});
after(async () => {
  await load?.stop();
  await prometheus?.stop();
  await front?.stop();
  machine?.close();
});

// The values of a dashboard's variables, as Grafana fills them in when it is opened.
async function choose(dashboard) {
  const values = { ...kGrafana };
  for (const { name, type, query, multi } of dashboard.templating.list) {
    if (type === 'datasource') continue;
    const [, selector, label] = query.query.match(/^label_values\((.+), (\w+)\)$/);
    const found = await prometheus.labelValues(label, substitute(selector, values));
    assert.ok(found.length > 0, `$${name} has values`);
    values[name] = multi ? found : found[0];
  }
  return values;
}

for (const [file, dashboard] of dashboards()) {
  test(`${file} has no empty panel`, { skip: missing }, async (t) => {
    const values = await choose(dashboard);
    for (const panel of panels(dashboard)) {
      await t.test(panel.title, async () => {
        for (const { expr } of panel.targets) {
          await until(async () => (await prometheus.query(substitute(expr, values))).length > 0, substitute(expr, values));
        }
      });
    }
  });

  test(`${file}: Prometheus understands its annotations`, { skip: missing }, async () => {
    const values = await choose(dashboard);
    for (const { expr } of dashboard.annotations.list) await prometheus.query(expr);
  });
}

test('Prometheus takes every scrape and every rule', { skip: missing }, async () => {
  const { activeTargets } = await prometheus.ask('targets');
  assert.deepStrictEqual(activeTargets.map(({ health, lastError }) => [health, lastError]), [['up', '']]);
  const { groups } = await prometheus.ask('rules');
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 25);
  for (const { name, health, lastError } of rules) assert.deepStrictEqual([name, health, lastError ?? ''], [name, 'ok', '']);
});

test('a front that is gone fires an alert', { skip: missing }, async () => {
  await load.stop();
  load = undefined;
  await front.stop();
  front = undefined;
  const pending = 'ALERTS{alertname="BitnetNodeGone",alertstate="pending"}'; // It fires a minute later.
  await until(async () => (await prometheus.query(pending)).length === 1, pending);
});

// Load reports, as grpc-js's own reader and its weighted_round_robin take them.
'use strict';

process.env.GRPC_TRACE = 'weighted_round_robin';
process.env.GRPC_VERBOSITY = 'DEBUG';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Front, generate, grpc, inference, kSource } = require('./front.js');
const orca = require('@grpc/grpc-js/build/src/orca.js');

let fronts;
const traced = [];

before(async () => {
  grpc.setLogger({ ...console, debug: (line) => traced.push(line) });
  fronts = await Promise.all([Front.start(), Front.start()]);
  await Promise.all(fronts.map((front) => front.awaitHealth('SERVING')));
});
after(() => Promise.all(fronts.map((front) => front.stop())));

// The report of an answer's trailers, by grpc-js's reader.
function reportOf(answer) {
  let found;
  orca.createMetricsReader((report) => (found = report), null)(grpc.status.OK, '', answer.trailers);
  return found;
}

function streamReports(front, interval) {
  const client = orca.createOrcaClient(new grpc.Channel(front.grpc, grpc.credentials.createInsecure(), {}));
  const call = client.streamCoreMetrics({ report_interval: interval });
  call.on('error', () => {}); // Cancelled, at the end.
  return call;
}

test('ends each answer with a load report, and what it cost', async () => {
  const answer = await fronts[0].generate({ text: 'The lighthouse', max_tokens: 7, ignore_eos: true });
  assert.ifError(answer.error);
  const report = reportOf(answer);
  const { usage } = answer.finished;
  assert.deepStrictEqual(report.request_cost,
    { prompt_tokens: usage.prompt_tokens, cached_tokens: usage.cached_tokens, generated_tokens: 7 });
  assert.ok(report.cpu_utilization >= 0);
  assert.ok(report.utilization.kv_cache >= 0 && report.utilization.kv_cache <= 1);
  assert.deepStrictEqual(Object.keys(report.named_metrics).sort(), ['queue_depth', 'running_requests', 'waiting_requests']);
});

test('reports with an answer that fails, too', async () => {
  const answer = await fronts[0].generate({ text: 'x', model: 'other' });
  assert.strictEqual(answer.error.code, grpc.status.NOT_FOUND);
  assert.deepStrictEqual(reportOf(answer).request_cost, {});
});

test('streams reports beside requests, which tell of work and of its end', async () => {
  const call = streamReports(fronts[0], { seconds: 0, nanos: 500e6 });
  let working = true;
  const work = (async () => {
    while (working) await fronts[0].generate({ text: 'The sea', max_tokens: 64, ignore_eos: true });
  })();
  let busiest = 0;
  for await (const report of call) {
    if (working) {
      busiest = Math.max(busiest, report.application_utilization);
      working = !(report.rps_fractional > 0 && busiest > 0.05);
    } else if (report.application_utilization < busiest / 2) {
      break; // Nothing is asked any more: it comes down.
    }
  }
  await work;
  call.cancel();
});

test('sends the first report at once, whatever the interval', async () => {
  for (const interval of [null, { seconds: 3600, nanos: 0 }]) {
    const call = streamReports(fronts[0], interval);
    const report = await new Promise((resolve) => call.once('data', resolve));
    assert.ok(report.cpu_utilization >= 0);
    call.cancel();
  }
});

for (const oob of [false, true]) {
  test(`is weighed by weighted_round_robin, ${oob ? 'asked beside requests' : 'by its answers'}`, async () => {
    const config = JSON.parse(fs.readFileSync(path.join(kSource, 'deploy', 'grpc', 'weighted.json'), 'utf8'));
    // Nothing but the times differs from the file: a test need not wait ten seconds to be believed.
    Object.assign(config.loadBalancingConfig[0].weighted_round_robin,
      { blackout_period: '0s', weight_update_period: '0.1s', enable_oob_load_report: oob, oob_load_reporting_period: '0.5s' });
    const target = `ipv4:${fronts.map((front) => front.grpc).join()}`;
    const client = new inference.InferenceService(target, grpc.credentials.createInsecure(),
      { 'grpc.service_config': JSON.stringify(config) });
    traced.length = 0;
    const weights = () => {
      const last = traced.filter((line) => line.includes('Created picker with weights: ')).at(-1) ?? '';
      return [...last.matchAll(/\]:([\d.e+-]+)/g)].map((match) => Number(match[1]));
    };
    // The event is the answer: weights come after some of them.
    for (let i = 0; weights().filter((weight) => weight > 0).length < 2; ++i) {
      assert.ok(i < 500, `no weights after ${i} answers: ${traced.at(-1)}`);
      assert.ifError((await generate(client, { text: 'The sea', max_tokens: 16, ignore_eos: true })).error);
    }
    client.close();
  });
}

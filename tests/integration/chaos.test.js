// Many sampled streams while their workers are killed, frozen and told to leave: 0 tokens lost, doubled or changed.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { Front, random } = require('./front.js');

const kKills = Number(process.env.BITNET_CHAOS_KILLS || 6);
const kStreams = 32;
const kKillsPerRound = 10; // Then the streams may end, and begin again.
const kDeadlineMs = 600000; // Workers that are killed again and again are started ever more slowly.
const kSignals = ['SIGKILL', 'SIGSTOP', 'SIGTERM'];

// Everything that a continuation has to get right: the seed, penalties over prompt and output, minimum lengths,
// log probabilities, stop strings and characters that are cut in two.
function request(i) {
  return {
    text: `Story number ${i}: on the island there was a lighthouse, and in it`,
    max_tokens: 60 + (i % 5) * 20,
    min_tokens: i % 3 === 0 ? 50 : 0,
    ignore_eos: i % 2 === 0,
    logprobs: i % 4,
    stop: i % 5 === 0 ? ['\n\n', 'qz'] : [],
    sampling: {
      temperature: 0.8 + (i % 3) * 0.4, top_k: i % 2 ? 40 : 0, top_p: 0.95, seed: 1000 + i,
      repetition_penalty: 1.1, presence_penalty: (i % 4) * 0.1, frequency_penalty: 0.1,
    },
  };
}

// What must be equal: each token with its log probabilities, the text, and how it ended.
function outcome(answer) {
  assert.ifError(answer.error);
  return { text: answer.text, tokens: answer.tokens, reason: answer.finished.reason, stop: answer.finished.stop };
}

test(`${kStreams} streams survive ${kKills} kills without a trace`, async () => {
  const front = await Front.start('--workers', '2', '--threads', '1', '--stall-seconds', '1');
  try {
    await front.awaitHealth('SERVING');
    let last = []; // Per running stream: the number of the last kill before its last token.
    let kills = 0;
    let wake = () => {};
    const longest = { pause: 0 };
    const run = async (i) => {
      const tokens = [];
      let at = Date.now();
      last[i] = kills;
      const answer = await front.generate(request(i), {
        deadlineMs: kDeadlineMs,
        onEvent: (event) => {
          if (!event.delta || event.delta.tokens.length === 0) return;
          tokens.push(...event.delta.tokens);
          longest.pause = Math.max(longest.pause, Date.now() - at);
          at = Date.now();
          last[i] = kills;
          wake();
        },
      });
      last[i] = Infinity;
      wake();
      return { ...answer, tokens };
    };
    const all = () => Promise.all([...Array(kStreams).keys()].map(run));
    const calm = (await all()).map(outcome);

    // Kills one after the other. Three deaths without one token would be held against a request, rightly; so each
    // stream has had one since the kill before the last.
    const draw = random(Number(process.env.BITNET_CHAOS_SEED || 1));
    const killer = async (running) => {
      const enough = Math.min(kKills, kills + kKillsPerRound);
      while (kills < enough && running()) {
        let waitFor = 1 + draw(100);
        await new Promise((resolve) => {
          wake = () => {
            if (!running() || (--waitFor < 0 && last.every((kill) => kill >= kills - 1))) resolve();
          };
        });
        const pids = front.workerPids();
        if (!running() || pids.length === 0) continue;
        try {
          process.kill(pids[draw(pids.length)], kSignals[kills % kSignals.length]);
          kills += 1;
        } catch (error) {
          assert.strictEqual(error.code, 'ESRCH'); // It ended by itself, of an earlier signal.
        }
      }
    };
    let rounds = 0;
    longest.pause = 0;
    while (kills < kKills) {
      rounds += 1;
      let running = true;
      const killed = killer(() => running);
      const answers = (await all()).map(outcome);
      running = false;
      wake();
      await killed;
      for (let i = 0; i < kStreams; ++i) assert.deepStrictEqual(answers[i], calm[i], `stream ${i} of round ${rounds}`);
    }
    const tokens = calm.reduce((sum, { tokens: list }) => sum + list.length, 0);
    const failovers = await front.metric('bitnet_failovers_total');
    console.log(`chaos: ${kills} kills, ${failovers} failovers of ${rounds * kStreams} streams, ${rounds * tokens} tokens: `
      + `0 lost, 0 doubled, 0 changed; longest pause ${(longest.pause / 1000).toFixed(2)} s`);
    assert.ok(failovers > 0);
  } finally {
    await front.stop();
  }
});

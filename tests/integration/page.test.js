// The live page in headless Chromium: what it shows under load, in light and dark, on a phone, by keyboard.
// Pictures are left in $BITNET_PICTURES, if that is set.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const puppeteer = require('puppeteer-core');
const { Front, get, newToken, skipUnless, until } = require('./front.js');

const kChromium = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
  .find((file) => fs.existsSync(file));
const missing = skipUnless(kChromium, 'Chromium');
const kViews = [
  { name: 'light', width: 1280, height: 960, scheme: 'light' },
  { name: 'dark', width: 1280, height: 960, scheme: 'dark' },
  { name: 'phone', width: 390, height: 844, scheme: 'dark' },
];
let browser;
let front;

before(async () => {
  if (missing) return;
  browser = await puppeteer.launch({ executablePath: kChromium, args: ['--no-sandbox', '--disable-gpu'] });
  front = await Front.start('--workers', '2', '--threads', '1');
  await front.awaitHealth('SERVING');
});
after(async () => {
  if (missing) return;
  await browser.close();
  await front.stop();
});

// A page of `server` whose every mistake fails the test.
async function open(server, { width = 1280, height = 960, scheme = 'light', block } = {}) {
  const page = await browser.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !block && !message.location().url?.includes('/events')) page.problems.push(message.text());
  });
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  if (block) {
    await page.setRequestInterception(true);
    page.on('request', (request) => (request.url().includes(block) ? request.abort() : request.continue()));
  }
  await page.goto(`http://${server.http}/`, { waitUntil: 'load' });
  return page;
}

const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
const waitFor = (page, check, ...values) => page.waitForFunction(check, { timeout: 60000 }, ...values);
const tokensPerSecond = () => Number.parseFloat(document.querySelector('#tiles .s0 dd')?.textContent) > 0;

// Keeps two answers going until `body` is over.
async function underLoad(body) {
  let over = false;
  const load = [0, 1].map(async (seed) => {
    while (!over) await front.generate({ text: 'The sea', max_tokens: 300, ignore_eos: true, sampling: { temperature: 1, seed } });
  });
  try {
    await body();
  } finally {
    over = true;
    await Promise.all(load);
  }
}

async function picture(page, name) {
  if (!process.env.BITNET_PICTURES) return;
  fs.mkdirSync(process.env.BITNET_PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(process.env.BITNET_PICTURES, `${name}.png`), fullPage: true });
}

for (const view of kViews) {
  test(`shows what happens: ${view.name}`, { skip: missing }, async () => {
    const page = await open(front, view);
    await underLoad(async () => {
      await waitFor(page, tokensPerSecond);
      await waitFor(page, () => /ms|s/.test([...document.querySelectorAll('#tiles dd')].at(6)?.textContent));
      assert.match(await textOf(page, '#state'), /^2 of 2 workers ready · version \d/);
      assert.strictEqual((await page.$$('.worker')).length, 2);
      const [inner, scrolled] = await page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
      assert.ok(scrolled <= inner, `nothing sticks out: ${scrolled} of ${inner} pixels`);
      // What is not measured here is not shown as zero.
      const titles = await page.$$eval('#tiles .card:not([hidden]) h3', (all) => all.map((element) => element.textContent));
      const { body } = await get(front.http, '/metrics');
      assert.strictEqual(titles.includes('Power'), body.includes('\nbitnet_power_watts{'));
      await waitFor(page, (count) => !window.uPlot || document.querySelectorAll('.chart canvas').length === count, titles.length);
      if (await page.evaluate(() => Boolean(window.uPlot))) {
        await waitFor(page, () => [...document.querySelectorAll('.chart canvas')].every((canvas) => canvas.width > 100));
      }
      if (process.env.BITNET_PICTURES) await waitFor(page, () => performance.now() > 20000); // Lines have a length.
      await picture(page, `page-${view.name}`);
    });
    assert.deepStrictEqual(page.problems, []);
    await page.close();
  });
}

test('answers a prompt by keyboard, and stops', { skip: missing }, async () => {
  const page = await open(front);
  await waitFor(page, () => document.querySelectorAll('#model option').length > 0);
  await page.focus('#question');
  await page.keyboard.down('Control');
  await page.keyboard.press('Enter');
  await page.keyboard.up('Control');
  await waitFor(page, () => document.getElementById('facts').textContent !== '');
  const expected = await front.generate({ messages: { messages: [{ role: 'ROLE_USER', content: 'What is a lighthouse?' }] } });
  assert.strictEqual(await textOf(page, '#answer'), expected.text);
  assert.match(await textOf(page, '#facts'), /^\d+ prompt \+ \d+ generated tokens, first text after /);
  // From the prompt, the keyboard comes to everything in order.
  const order = [];
  await page.focus('#question');
  for (let i = 0; i < 2; ++i) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepStrictEqual(order, ['model', 'send']);
  await page.click('#send');
  await page.keyboard.press('Escape');
  await waitFor(page, () => !document.getElementById('send').disabled);
  await until(async () => (await front.metric('bitnet_requests_running')) === 0, 'no request runs');
  assert.deepStrictEqual(page.problems, []);
  await page.close();
});

test('shows numbers without its chart library', { skip: missing }, async () => {
  const page = await open(front, { block: 'uplot' });
  await underLoad(async () => {
    await waitFor(page, tokensPerSecond);
    assert.strictEqual((await page.$$('.chart')).length, 0);
  });
  assert.deepStrictEqual(page.problems, []);
  await page.close();
});

test('shows a worker that was started again, and that the front is gone', { skip: missing }, async (t) => {
  const other = await Front.start('--threads', '1');
  t.after(() => other.stop());
  await other.awaitHealth('SERVING');
  const page = await open(other);
  await waitFor(page, () => document.getElementById('state').className === 'good');
  for (const pid of other.workerPids()) process.kill(pid, 'SIGKILL');
  await waitFor(page, () => document.querySelector('.worker')?.textContent.includes('1 restart'));
  process.kill(other.process.pid, 'SIGTERM');
  await waitFor(page, () => /closed|no answer/.test(document.getElementById('state').textContent));
  await page.close();
});

test('asks for a token where one is wanted', { skip: missing }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-page-'));
  const { token, line } = newToken('one');
  fs.writeFileSync(path.join(folder, 'tokens'), `${line}\n`);
  const guarded = await Front.start('--tokens', path.join(folder, 'tokens'), '--threads', '1');
  t.after(async () => {
    await guarded.stop();
    fs.rmSync(folder, { recursive: true });
  });
  await until(async () => (await get(guarded.http, '/readyz')).status === 200, 'it is ready');
  const page = await open(guarded);
  await page.waitForSelector('#login:not([hidden])');
  await page.type('#token', token);
  await page.keyboard.press('Enter');
  await waitFor(page, () => document.getElementById('state').className === 'good');
  await waitFor(page, () => document.querySelectorAll('#model option').length > 0);
  await page.close();
});

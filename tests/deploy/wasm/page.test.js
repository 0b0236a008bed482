// The page of deploy/wasm in headless Chromium: what it answers is what bitnet-infer answers, natively.
//   BITNET_PAGE: the built page; BITNET_INFER: the program; BITNET_MODELS: the folder of models. A picture is left in $BITNET_PICTURES, if that is set.
'use strict';

const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const puppeteer = require('puppeteer-core');

const kServe = path.resolve(__dirname, '..', '..', '..', 'deploy', 'wasm', 'serve.py');
const kModel = path.join(process.env.BITNET_MODELS, 'lighthouse-1.58b-6m.gguf');
const kOtherModel = path.join(process.env.BITNET_MODELS, 'lighthouse-w1a1-6m.gguf');
let browser;
let server;
let url;

before(async () => {
  server = spawn(kServe, [process.env.BITNET_PAGE, '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  url = await new Promise((resolve) => server.stdout.once('data', (line) => resolve(String(line).trim())));
  browser = await puppeteer.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
after(async () => {
  await browser?.close();
  server?.kill();
});

const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);
const waitFor = (page, check, ...values) => page.waitForFunction(check, { timeout: 120000 }, ...values);
const isReady = () => document.querySelector('#state').className === 'good';

async function open(address = url) {
  const page = await browser.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') page.problems.push(message.text()); });
  await page.goto(address, { waitUntil: 'load' });
  return page;
}

async function ask(page, { question, tokens, temperature, seed }) {
  await page.evaluate((values) => {
    for (const [id, value] of Object.entries(values)) document.getElementById(id).value = value;
  }, { question, tokens, temperature, seed });
  await page.click('#send');
}

async function answerOf(page, request) {
  await ask(page, request);
  await waitFor(page, () => document.querySelector('#facts').textContent.includes('generated'));
  return textOf(page, '#answer');
}

// What the program writes for the same, without the end of line that it adds.
function nativeAnswer(model, { question, tokens, temperature, seed }) {
  const text = execFileSync(process.env.BITNET_INFER, ['--model', model, '--prompt', question, '--n-predict', tokens, '--temp', temperature, '--seed', seed],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text.replace(/\n$/, '');
}

test('answers as the program does, whatever is asked for', async () => {
  const page = await open();
  await waitFor(page, isReady);
  assert.match(await textOf(page, '#state'), /^lighthouse-1\.58b-6m: 7\.4 million weights, \d threads?, portable kernels$/);
  for (const request of [
    { question: 'What is a lighthouse?', tokens: 64, temperature: 0, seed: 1 },
    { question: 'What is a volcano?', tokens: 200, temperature: 1, seed: 7 },
    { question: 'Was ist ein Schiff? 🚢', tokens: 100, temperature: 1.5, seed: 4294967295 },
  ]) {
    const answer = await answerOf(page, request);
    assert.ok(answer.length > 10, answer);
    assert.strictEqual(answer, nativeAnswer(kModel, request));
  }
  assert.match(await textOf(page, '#facts'), /^\d+ prompt \+ \d+ generated tokens, first after \d+ ms, [\d.]+ tokens\/s$/);
  console.log(await textOf(page, '#facts'));
  if (process.env.BITNET_PICTURES) await page.screenshot({ path: path.join(process.env.BITNET_PICTURES, 'wasm.png'), fullPage: true });
  assert.deepStrictEqual(page.problems, []);
});

test('stops when it is told to, and answers again', async () => {
  const page = await open();
  await waitFor(page, isReady);
  await ask(page, { question: 'What is a lighthouse?', tokens: 2000, temperature: 2, seed: 3 });
  await waitFor(page, () => document.querySelector('#answer').textContent.length > 0);
  await page.click('#stop');
  await waitFor(page, () => document.querySelector('#facts').textContent.includes('generated'));
  const generated = Number(/\+ (\d+) generated/.exec(await textOf(page, '#facts'))[1]);
  const request = { question: 'What is a ship?', tokens: 32, temperature: 0, seed: 1 };
  assert.strictEqual(await answerOf(page, request), nativeAnswer(kModel, request));
  assert.ok(generated < 2000, `${generated} tokens`);
  assert.deepStrictEqual(page.problems, []);
});

test('takes a file of the user, and says what is wrong with one', async () => {
  const page = await open();
  await waitFor(page, isReady);
  const file = await page.$('#file');
  const broken = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'page_test_')), 'broken.gguf');
  fs.writeFileSync(broken, fs.readFileSync(kModel).subarray(0, 100000));
  await file.uploadFile(broken);
  await waitFor(page, () => document.querySelector('#state').className === 'bad');
  assert.match(await textOf(page, '#state'), /^DATA_LOSS: broken\.gguf: /);
  assert.ok(await page.$eval('#send', (button) => button.disabled), 'nothing can be asked without a model');

  await file.uploadFile(kOtherModel);
  await waitFor(page, isReady);
  const request = { question: 'What is a lighthouse?', tokens: 64, temperature: 0, seed: 1 };
  assert.strictEqual(await answerOf(page, request), nativeAnswer(kOtherModel, request));
  assert.deepStrictEqual(page.problems, []);
});

test('says which headers it needs where it is not isolated', async () => {
  const plain = http.createServer((request, response) => {
    const name = path.basename(request.url) || 'index.html';
    const type = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' }[path.extname(name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type });
    fs.createReadStream(path.join(process.env.BITNET_PAGE, name)).pipe(response);
  });
  await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const page = await open(`http://127.0.0.1:${plain.address().port}/`);
  await waitFor(page, () => document.querySelector('#state').className === 'bad');
  assert.match(await textOf(page, '#state'), /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/);
  await page.close();
  plain.close();
});

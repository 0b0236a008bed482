// The live page: a page of metrics every second, as pictures, and a prompt box.

import { Page, parse } from './exposition.js';
import { makePrompt } from './prompt.js';
import { events } from './stream.js';
import { makeTiles } from './tiles.js';
import { makeWorkers } from './workers.js';

const kRetry = 2000; // Milliseconds, after the front has gone.
const state = document.getElementById('state');
const login = document.getElementById('login');
const token = document.getElementById('token');

const headers = () => {
  const saved = sessionStorage.getItem('token');
  return saved ? { Authorization: `Bearer ${saved}` } : {};
};
const loadModels = makePrompt(headers);
const takers = [makeTiles(document.getElementById('tiles')), makeWorkers(document.getElementById('workers')), tellState];

function tell(text, kind) {
  state.textContent = text;
  state.className = kind;
}

function tellState(page) {
  const workers = page.all('bitnet_worker_up');
  const up = workers.filter(({ value }) => value === 1).length;
  const version = page.all('bitnet_build_info')[0]?.labels.version ?? '';
  tell(`${up} of ${workers.length} worker${workers.length === 1 ? '' : 's'} ready · version ${version}`, up === workers.length ? 'good' : 'bad');
}

async function watch() {
  for (;;) {
    try {
      let first = true;
      for await (const { data } of events('/events', { headers: headers() })) {
        if (first) loadModels();
        first = false;
        const page = new Page(parse(data), Date.now() / 1000);
        takers.forEach((take) => take(page));
      }
      tell('the server has closed the connection', 'bad');
    } catch (error) {
      if (error.status === 401) {
        tell('a token is wanted', 'bad');
        login.hidden = false;
        return;
      }
      tell(`no answer from the server: ${error.message}`, 'bad');
    }
    await new Promise((resolve) => { setTimeout(resolve, kRetry); });
  }
}

login.addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('token', token.value);
  login.hidden = true;
  watch();
});
watch();

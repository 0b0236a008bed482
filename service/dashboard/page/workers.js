// A card for each worker: what it does, and how full it is.

import { rate, show } from './figures.js';

function bar(label, value, max, text) {
  const row = document.createElement('div');
  row.className = 'bar';
  const name = document.createElement('span');
  name.textContent = label;
  const meter = document.createElement('meter');
  meter.max = max || 1;
  meter.value = value ?? 0;
  meter.setAttribute('aria-label', `${label}: ${text}`);
  const number = document.createElement('span');
  number.textContent = text;
  row.append(name, meter, number);
  return row;
}

function card(labels, up, from, to, fastest) {
  const only = { model: labels.model, worker: labels.worker };
  const root = document.createElement('article');
  root.className = up ? 'card worker' : 'card worker down';
  const title = document.createElement('h3');
  const name = document.createElement('span');
  name.textContent = `${labels.worker} · ${labels.model}`;
  const state = document.createElement('span');
  const restarts = to.sum('bitnet_worker_restarts_total', only) ?? 0;
  state.textContent = (up ? 'ready' : 'down') + (restarts ? `, ${restarts} restart${restarts > 1 ? 's' : ''}` : '');
  state.className = up ? '' : 'down';
  title.append(name, state);
  root.append(title);
  if (!up) return root;
  const speed = rate(from, to, 'bitnet_worker_decode_tokens_total', only);
  const running = to.sum('bitnet_requests_running', only);
  const waiting = to.sum('bitnet_requests_waiting', only);
  const used = to.sum('bitnet_kv_blocks_used', only);
  const blocks = to.sum('bitnet_kv_blocks', only);
  root.append(
    bar('tokens/s', speed, fastest, show(speed)),
    bar('streams', running, Math.max(8, (running ?? 0) + (waiting ?? 0)), `${running ?? '–'} + ${waiting ?? '–'}`),
    bar('KV blocks', used, blocks, blocks ? `${Math.round((100 * used) / blocks)} %` : '–'));
  const weight = to.sum('bitnet_worker_heat_weight', only);
  if (weight !== undefined && weight < 1) root.append(bar('heat leaves', weight, 1, `${Math.round(100 * weight)} %`));
  return root;
}

/** Fills `root` with each new page. */
export function makeWorkers(root) {
  let last;
  return (page) => {
    const from = last ?? page;
    const ups = page.all('bitnet_worker_up');
    const speeds = ups.map(({ labels }) => rate(from, page, 'bitnet_worker_decode_tokens_total', { model: labels.model, worker: labels.worker }) ?? 0);
    root.replaceChildren(...ups.map(({ labels, value }) => card(labels, value === 1, from, page, Math.max(1, ...speeds))));
    last = page;
  };
}

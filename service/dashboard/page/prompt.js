// The prompt box: one question, one answer as it comes.

import { show } from './figures.js';
import { events } from './stream.js';

/** `headers` returns those that say who asks. */
export function makePrompt(headers) {
  const form = document.getElementById('prompt');
  const question = document.getElementById('question');
  const model = document.getElementById('model');
  const send = document.getElementById('send');
  const stop = document.getElementById('stop');
  const answer = document.getElementById('answer');
  const facts = document.getElementById('facts');
  let running;

  async function ask() {
    running = new AbortController();
    send.disabled = true;
    stop.disabled = false;
    answer.className = '';
    answer.textContent = '';
    facts.textContent = '';
    const begin = performance.now();
    let first;
    try {
      const body = JSON.stringify({ model: model.value, messages: [{ role: 'user', content: question.value }], stream: true,
        stream_options: { include_usage: true }, temperature: 0 });
      const options = { method: 'POST', body, signal: running.signal, headers: { 'Content-Type': 'application/json', ...headers() } };
      for await (const { data } of events('/v1/chat/completions', options)) {
        if (data === '[DONE]') break;
        const chunk = JSON.parse(data);
        if (chunk.error) throw new Error(chunk.error.message);
        const text = chunk.choices[0]?.delta.content;
        if (text) {
          first ??= performance.now();
          answer.textContent += text;
        }
        if (chunk.usage) facts.textContent = summary(chunk.usage, begin, first ?? performance.now());
      }
    } catch (error) {
      if (error.name !== 'AbortError') {
        answer.className = 'error';
        answer.textContent = error.message;
      }
    } finally {
      running = undefined;
      send.disabled = false;
      stop.disabled = true;
    }
  }

  function summary(usage, begin, first) {
    const seconds = (performance.now() - first) / 1000;
    const energy = usage.energy ? `, ${show(usage.energy.joules, 'J')}` : '';
    const speed = usage.completion_tokens > 1 && seconds > 0 ? `, ${show((usage.completion_tokens - 1) / seconds)} tokens/s` : '';
    return `${usage.prompt_tokens} prompt + ${usage.completion_tokens} generated tokens, first text after ${show((first - begin) / 1000, 's')}${speed}${energy}`;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!running) ask();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') running?.abort();
  });
  stop.addEventListener('click', () => running?.abort());

  return async () => {
    const response = await fetch('/v1/models', { headers: headers() });
    if (!response.ok) return;
    const { data } = await response.json();
    const chosen = model.value;
    model.replaceChildren(...data.map(({ id }) => new Option(id, id, false, id === chosen)));
  };
}

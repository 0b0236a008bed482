// The page: a question, its answer as it comes, and how fast it came. All computing is in the worker.
'use strict';

const kEmbedded = { name: 'lighthouse-1.58b-6m.gguf', source: 'lighthouse-1.58b-6m.gguf' };
const kThreads = Math.max(1, Math.min(8, navigator.hardwareConcurrency ?? 1));

const element = (id) => document.getElementById(id);
const form = element('form');
const answer = element('answer');
let engine = null;
let answering = false;

function show(text, kind = '') {
  element('state').textContent = text;
  element('state').className = kind;
}

function setAnswering(value) {
  answering = value;
  element('send').disabled = value;
  element('stop').disabled = !value;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const handlers = {
  progress: (bytes, { of }) => show(`reading the model: ${megabytes(bytes)}${of ? ` of ${megabytes(of)}` : ''}`),
  ready: ({ name, architecture, isa, parameters, threads }) => {
    show(`${name || architecture}: ${(parameters / 1e6).toFixed(1)} million weights, ${threads} thread${threads === 1 ? '' : 's'}, ${isa} kernels`, 'good');
    setAnswering(false);
  },
  piece: (text) => answer.append(text),
  done: ({ promptTokens, generatedTokens, prefillSeconds, decodeSeconds }) => {
    const rate = decodeSeconds > 0 ? `, ${(generatedTokens / decodeSeconds).toFixed(1)} tokens/s` : '';
    element('facts').textContent = `${promptTokens} prompt + ${generatedTokens} generated tokens, first after ${(prefillSeconds * 1000).toFixed(0)} ms${rate}`;
    setAnswering(false);
  },
  error: (message) => {
    show(message, 'bad');
    if (answering) setAnswering(false);
  },
};

function openModel(model) {
  element('send').disabled = true;
  show('starting …');
  engine.postMessage({ open: { ...model, threads: kThreads } });
}

function start() {
  // Threads share memory, which browsers allow only to pages that ask to be isolated.
  if (!crossOriginIsolated) {
    show('this page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp from its server', 'bad');
    return;
  }
  engine = new Worker('engine.js');
  engine.onerror = (event) => show(`the engine has ended: ${event.message ?? 'its files could not be read'}`, 'bad');
  engine.onmessage = ({ data }) => {
    for (const [kind, value] of Object.entries(data)) handlers[kind]?.(value, data);
  };
  openModel(kEmbedded);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  answer.textContent = '';
  element('facts').textContent = '';
  setAnswering(true);
  engine.postMessage({
    ask: {
      question: element('question').value,
      maxTokens: element('tokens').valueAsNumber,
      temperature: element('temperature').valueAsNumber,
      seed: element('seed').valueAsNumber,
    },
  });
});
element('stop').addEventListener('click', () => engine.postMessage({ stop: true }));
element('file').addEventListener('change', () => {
  const [file] = element('file').files;
  if (file) openModel({ name: file.name, source: file });
});
start();

// The engine in a worker of its own, so that the page stays alive while it computes.
//   takes  {open: {name, source, threads}}   source: the URL of a GGUF file, or a File
//          {ask: {question, maxTokens, temperature, seed}}, {stop: true}
//   gives  {progress: bytes read, of: all or 0}, {ready: info}, {piece: text}, {done: usage}, {error: message}
'use strict';

importScripts('bitnet.js');

const library = bitnet({ mainScriptUrlOrBlob: 'bitnet.js' });
let model = null;
let stopped = false;

// Between two pieces, so that a message that came meanwhile is heard.
const messages = new MessageChannel();
const breath = () => new Promise((resolve) => {
  messages.port1.onmessage = resolve;
  messages.port2.postMessage(null);
});

// All bytes of a URL or of a File.
async function read(source) {
  if (source instanceof File) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: the server answered ${response.status} ${response.statusText}`);
  const of = Number(response.headers.get('Content-Length') ?? 0);
  const chunks = [];
  let progress = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    progress += value.length;
    postMessage({ progress, of });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function open({ name, source, threads }) {
  const { FS, Model } = await library;
  const bytes = await read(source);
  model?.delete();
  model = null;
  FS.writeFile(name, bytes);
  try {
    model = new Model(name, threads);
  } finally {
    FS.unlink(name);
  }
  postMessage({ ready: model.info() });
}

async function ask({ question, maxTokens, temperature, seed }) {
  if (model === null) throw new Error('no model is open');
  stopped = false;
  const answer = model.ask(question, maxTokens, temperature, seed);
  try {
    for (let done = false; !done;) {
      if (stopped) answer.cancel();
      const piece = answer.next();
      if (piece.text) postMessage({ piece: piece.text });
      done = piece.done;
      await breath();
    }
    postMessage({ done: answer.usage() });
  } finally {
    answer.delete();
  }
}

onmessage = async ({ data }) => {
  try {
    if (data.open) await open(data.open);
    if (data.ask) await ask(data.ask);
    if (data.stop) stopped = true;
  } catch (error) {
    postMessage({ error: error.message ?? String(error) });
  }
};

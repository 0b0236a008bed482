// Server-sent events over fetch, which can send a token where EventSource cannot.

/** Yields {event, data} until the stream ends. Throws an Error with `status` if the answer is not 200. */
export async function* events(url, options = {}) {
  const response = await fetch(url, options);
  if (!response.ok) {
    const text = await response.text();
    throw Object.assign(new Error(messageOf(text) || response.statusText), { status: response.status });
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    pending += value;
    const parts = pending.split('\n\n');
    pending = parts.pop();
    for (const part of parts) {
      const event = read(part);
      if (event.data !== '') yield event;
    }
  }
}

function read(part) {
  const event = { event: 'message', data: '' };
  const lines = [];
  for (const line of part.split('\n')) {
    if (line.startsWith('data: ')) lines.push(line.slice(6));
    else if (line.startsWith('event: ')) event.event = line.slice(7);
  }
  event.data = lines.join('\n');
  return event;
}

function messageOf(text) {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text.trim();
  }
}

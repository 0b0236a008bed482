// The OpenAI surface, spoken to with OpenAI's own client, the AI SDK and LangChain.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const OpenAI = require('openai').default;
const { zodResponseFormat } = require('openai/helpers/zod');
const { z } = require('zod');
const { writeAdapter } = require('./adapter_file.js');
const { Front, get, newToken, until } = require('./front.js');
const { withChatTemplate } = require('./gguf_file.js');

const kModel = 'lighthouse-1.58b-6m';
const kQuestion = [{ role: 'user', content: 'What is a lighthouse?' }];
const kLong = { prompt: 'The sea', max_tokens: 400, temperature: 0, ignore_eos: true };
// As much of a template with tools as a test needs.
const kToolTemplate = '{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}: '
  + '{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}';
const kWeather = { type: 'function', function: { name: 'weather', description: 'of a city', parameters: {
  type: 'object', properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 7 } },
  required: ['city', 'days'], additionalProperties: false } } };

let folder;
let front;
let client;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bitnet-openai-'));
  const tools = withChatTemplate(process.env.BITNET_TEST_MODEL, path.join(folder, 'tools.gguf'), kToolTemplate);
  const poet = writeAdapter(path.join(folder, 'poet'), 1);
  front = await Front.start('--model', process.env.BITNET_TEST_MODEL, '--model', `tools=${tools}`, '--alias', 'gpt-small=' + kModel,
    '--adapter', `${kModel},poet=${poet}`, '--threads', '1');
  await front.awaitHealth('SERVING');
  client = new OpenAI({ baseURL: `http://${front.http}/v1`, apiKey: 'none', maxRetries: 0 });
});
after(async () => {
  await front.stop();
  fs.rmSync(folder, { recursive: true });
});

const running = () => front.metric('bitnet_requests_running');
const chat = (more = {}) => client.chat.completions.create({ model: kModel, messages: kQuestion, temperature: 0, ...more });

test('answers a chat as a whole and as a stream, as gRPC does', async () => {
  const expected = await front.generate({ messages: { messages: [{ role: 'ROLE_USER', content: kQuestion[0].content }] } });
  const whole = await chat();
  assert.strictEqual(whole.choices[0].message.content, expected.text);
  assert.strictEqual(whole.choices[0].finish_reason, 'stop');
  assert.deepStrictEqual(
    [whole.usage.prompt_tokens, whole.usage.completion_tokens],
    [expected.finished.usage.prompt_tokens, expected.finished.usage.generated_tokens]);
  let text = '';
  let usage;
  const chunks = [];
  for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) {
    chunks.push(chunk);
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.strictEqual(text, expected.text);
  assert.strictEqual(usage.completion_tokens, whole.usage.completion_tokens);
  assert.strictEqual(new Set(chunks.map(({ id }) => id)).size, 1);
  assert.strictEqual(chunks.at(-2).choices[0].finish_reason, 'stop');
});

test('continues texts, several at once, with the seeds that follow the first', async () => {
  const { choices } = await client.completions.create({ model: kModel, prompt: ['Once', 'The sea'], n: 2, max_tokens: 12, seed: 5, echo: true });
  assert.deepStrictEqual(choices.map(({ index }) => index), [0, 1, 2, 3]);
  for (const [i, prompt] of ['Once', 'Once', 'The sea', 'The sea'].entries()) {
    const expected = await front.generate({ text: prompt, max_tokens: 12, sampling: { temperature: 1, seed: 5 + (i % 2) } });
    assert.strictEqual(choices[i].text, prompt + expected.text);
  }
});

test('stops before a string and says how many tokens there may be', async () => {
  const whole = (await chat()).choices[0].message.content;
  const word = whole.split(' ')[3];
  const stopped = await chat({ stop: [word] });
  assert.strictEqual(stopped.choices[0].message.content, whole.slice(0, whole.indexOf(word)));
  assert.strictEqual(stopped.choices[0].finish_reason, 'stop');
  assert.strictEqual((await chat({ max_completion_tokens: 3 })).choices[0].finish_reason, 'length');
});

test('tells log probabilities whose tokens make the text', async () => {
  const { choices } = await chat({ logprobs: true, top_logprobs: 3 });
  const { content } = choices[0].logprobs;
  const bytes = Buffer.from(content.flatMap((token) => token.bytes));
  assert.strictEqual(bytes.toString(), choices[0].message.content);
  for (const token of content) {
    assert.ok(token.logprob <= 0);
    assert.strictEqual(token.top_logprobs.length, 3);
    assert.ok(Math.abs(token.top_logprobs[0].logprob - token.logprob) < 1e-6); // Greedy.
  }
  const legacy = (await client.completions.create({ ...kLong, model: kModel, max_tokens: 4, logprobs: 2 })).choices[0];
  assert.strictEqual(legacy.logprobs.tokens.join(''), legacy.text);
  assert.strictEqual(Object.keys(legacy.logprobs.top_logprobs[0]).length, 2);
  assert.deepStrictEqual(legacy.logprobs.text_offset.slice(0, 2), [0, Buffer.byteLength(legacy.logprobs.tokens[0])]);
});

test('answers in the form of a schema', async () => {
  const Lamp = z.object({ name: z.enum(['light', 'dark']), height: z.number().int().min(1).max(300) });
  const completion = await client.chat.completions.parse({
    model: kModel, messages: kQuestion, temperature: 1, seed: 3, response_format: zodResponseFormat(Lamp, 'lamp') });
  Lamp.parse(completion.choices[0].message.parsed);
  const object = await chat({ response_format: { type: 'json_object' }, max_tokens: 100, temperature: 1, seed: 1 });
  if (object.choices[0].finish_reason === 'stop') assert.strictEqual(typeof JSON.parse(object.choices[0].message.content), 'object');
});

test('calls a tool that it must call', async () => {
  const request = { model: 'tools', tools: [kWeather], tool_choice: 'required', temperature: 1, seed: 2 };
  const whole = (await chat(request)).choices[0];
  assert.strictEqual(whole.finish_reason, 'tool_calls');
  const [call] = whole.message.tool_calls;
  assert.strictEqual(call.function.name, 'weather');
  const { city, days } = JSON.parse(call.function.arguments);
  assert.ok(typeof city === 'string' && days >= 1 && days <= 7);
  const runner = client.chat.completions.stream({ ...request, messages: kQuestion, stream: true });
  const streamed = (await runner.finalChatCompletion()).choices[0];
  assert.strictEqual(streamed.message.tool_calls[0].function.arguments, call.function.arguments);
  // What the tool said goes back through the template.
  const next = await chat({ model: 'tools', tools: [kWeather], max_tokens: 8, messages: [...kQuestion, whole.message,
    { role: 'tool', tool_call_id: call.id, content: 'rain' }] });
  assert.ok(next.usage.prompt_tokens > 20);
  await assert.rejects(chat({ tools: [kWeather] }), (error) => error instanceof OpenAI.BadRequestError && /template knows none/.test(error.message));
});

test('serves adapters as models, and lists all', async () => {
  const names = (await client.models.list()).data.map(({ id }) => id);
  assert.deepStrictEqual(names, [kModel, 'gpt-small', 'poet', 'tools']);
  assert.strictEqual((await client.models.retrieve('poet')).parent, kModel);
  const expected = await front.generate({ text: 'The sea', max_tokens: 12, adapters: [{ name: 'poet' }] });
  const { choices, model } = await client.completions.create({ ...kLong, model: 'poet', max_tokens: 12, ignore_eos: false });
  assert.strictEqual(choices[0].text, expected.text);
  assert.strictEqual(model, 'poet');
});

test('tells errors as OpenAI does', async () => {
  await assert.rejects(chat({ model: 'gpt-5' }), (error) => error instanceof OpenAI.NotFoundError && error.code === 'MODEL_NOT_SERVED');
  await assert.rejects(chat({ temperature: -1 }), (error) => error instanceof OpenAI.BadRequestError && error.param === 'temperature');
  await assert.rejects(chat({ n: 1000 }), (error) => error.status === 400 && error.param === 'n');
  assert.strictEqual((await get(front.http, '/v1/nothing')).status, 404);
});

test('frees the slot of a stream that is aborted', async () => {
  const stream = await client.completions.create({ ...kLong, model: kModel, stream: true });
  for await (const chunk of stream) {
    assert.ok(chunk.choices);
    break; // Which aborts the request.
  }
  await until(async () => (await running()) === 0, 'no request runs');
  const generated = () => front.metric('bitnet_generated_tokens_total');
  const before = await generated();
  const controller = new AbortController();
  const whole = client.completions.create({ ...kLong, model: kModel }, { signal: controller.signal });
  await until(async () => (await generated()) > before, 'its answer has begun');
  controller.abort();
  await assert.rejects(whole, OpenAI.APIUserAbortError);
  await until(async () => (await running()) === 0, 'no request runs');
});

test('gives tokens of texts and of chats, and texts of tokens', async () => {
  const post = async (target, body) => (await fetch(`http://${front.http}${target}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json();
  const { tokens, count } = await post('/tokenize', { text: 'The sea', add_special_tokens: false });
  assert.strictEqual(tokens.length, count);
  assert.strictEqual((await post('/detokenize', { tokens })).text, 'The sea');
  const templated = await post('/tokenize', { messages: kQuestion });
  assert.strictEqual((await chat()).usage.prompt_tokens, templated.count);
  const { choices } = await client.completions.create({ model: kModel, prompt: tokens, max_tokens: 4, temperature: 0 });
  assert.ok(choices[0].text.length > 0);
});

test('lets those in who have a token, and tells others when to come back', async (t) => {
  const file = path.join(folder, 'tokens');
  const { token, line } = newToken('one');
  fs.writeFileSync(file, `${line} max-requests=1\n`);
  const guarded = await Front.start('--tokens', file, '--threads', '1', '--open-metrics');
  t.after(() => guarded.stop());
  await until(async () => (await get(guarded.http, '/readyz')).status === 200, 'it is ready');
  const baseURL = `http://${guarded.http}/v1`;
  const stranger = new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(stranger.completions.create({ ...kLong, model: '' }), OpenAI.AuthenticationError);
  assert.strictEqual(await guarded.metric('bitnet_requests_total', 'code="UNAUTHENTICATED",method="Completions"'), 1);
  const known = new OpenAI({ baseURL, apiKey: token, maxRetries: 0 });
  const stream = await known.completions.create({ ...kLong, model: '', stream: true });
  const reader = stream[Symbol.asyncIterator]();
  await reader.next();
  await assert.rejects(known.completions.create({ ...kLong, model: '', max_tokens: 1 }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.ok(Number(error.headers.get('retry-after')) >= 1);
    return true;
  });
  // The client's own retries come through once the other request is over.
  const patient = new OpenAI({ baseURL, apiKey: token, maxRetries: 20 });
  const retried = patient.completions.create({ ...kLong, model: '', max_tokens: 1 });
  stream.controller.abort();
  assert.strictEqual((await retried).usage.completion_tokens, 1);
});

test('streams to the AI SDK, which checks every chunk', async () => {
  const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');
  const { generateText, generateObject, jsonSchema, streamText, tool } = require('ai');
  const provider = createOpenAICompatible({ name: 'bitnet', baseURL: `http://${front.http}/v1`, includeUsage: true, supportsStructuredOutputs: true });
  const expected = (await chat()).choices[0].message.content;
  const streamed = streamText({ model: provider(kModel), messages: kQuestion, temperature: 0 });
  let text = '';
  for await (const part of streamed.textStream) text += part;
  assert.strictEqual(text, expected);
  assert.ok((await streamed.usage).outputTokens > 0);
  assert.strictEqual(await streamed.finishReason, 'stop');
  assert.strictEqual((await generateText({ model: provider(kModel), messages: kQuestion, temperature: 0 })).text, expected);
  const { object } = await generateObject({ model: provider(kModel), messages: kQuestion, temperature: 0,
    schema: jsonSchema({ type: 'object', properties: { high: { type: 'boolean' } }, required: ['high'], additionalProperties: false }) });
  assert.strictEqual(typeof object.high, 'boolean');
  const called = await generateText({ model: provider('tools'), messages: kQuestion, toolChoice: 'required', seed: 2,
    tools: { weather: tool({ description: 'of a city', inputSchema: jsonSchema(kWeather.function.parameters) }) } });
  assert.strictEqual(called.toolCalls[0].toolName, 'weather');
});

test('streams to LangChain', async () => {
  const { ChatOpenAI } = require('@langchain/openai');
  const model = new ChatOpenAI({ model: kModel, apiKey: 'none', temperature: 0, configuration: { baseURL: `http://${front.http}/v1` } });
  const expected = (await chat()).choices[0].message.content;
  assert.strictEqual((await model.invoke(kQuestion)).content, expected);
  let text = '';
  for await (const chunk of await model.stream(kQuestion)) text += chunk.content;
  assert.strictEqual(text, expected);
});

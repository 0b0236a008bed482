// Measures llama.cpp as npm's node-llama-cpp has it built, through that package's own interface: greedy, sampling included.
//
// Usage: node_llama.mjs NODE-MODULES MODEL decode|prefill|batch THREADS PROMPT GENERATE PREFILL SEQUENCES
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import path from "node:path";

const [modules, modelPath, benchmark, ...numbers] = process.argv.slice(2);
const [threads, promptTokens, generatedTokens, prefillTokens, sequences] = numbers.map(Number);
const entry = createRequire(path.join(path.resolve(modules), "here.cjs")).resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(entry).href);

const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: threads});
const model = await llama.loadModel({modelPath});
const randomTokens = (count) => Array.from({length: count}, () => Math.floor(Math.random() * 128000));

// The moments at which tokens of a sequence arrived; the first follows the prompt.
async function generate(sequence, count) {
  const arrivals = [];
  for await (const _ of sequence.evaluate(randomTokens(promptTokens), {temperature: 0, yieldEogToken: true})) {
    arrivals.push(performance.now());
    if (arrivals.length > count) break;
  }
  return arrivals;
}

async function tokensPerSecond() {
  const together = benchmark === "batch" ? sequences : 1;
  const contextSize = benchmark === "prefill" ? prefillTokens : promptTokens + generatedTokens + 16;
  const context = await model.createContext({contextSize, sequences: together, threads, batchSize: prefillTokens});
  const all = Array.from({length: together}, () => context.getSequence());
  if (benchmark === "prefill") {
    const start = performance.now();
    await all[0].evaluateWithoutGeneratingNewTokens(randomTokens(prefillTokens));
    return prefillTokens / (performance.now() - start) * 1000;
  }
  const arrivals = await Promise.all(all.map((sequence) => generate(sequence, generatedTokens)));
  const start = Math.max(...arrivals.map((list) => list[0]));
  const end = Math.max(...arrivals.map((list) => list.at(-1)));
  return together * generatedTokens / (end - start) * 1000;
}

await tokensPerSecond();  // Warms up.
console.log(JSON.stringify({tokens_per_second: await tokensPerSecond()}));
process.exit(0);

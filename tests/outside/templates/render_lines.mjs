// Renders templates with @huggingface/jinja: reads a JSON object a line, {"template": "...", "variables": {...}}, and answers each
// with a line, {"text": "..."} or {"error": "..."}.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const { Template } = createRequire(process.argv[2] + "/")("@huggingface/jinja");
const parsed = new Map();

function answer(line) {
  try {
    const { template, variables } = JSON.parse(line);
    if (!parsed.has(template)) parsed.set(template, new Template(template));
    return { text: parsed.get(template).render(variables) };
  } catch (error) {
    return { error: String(error.message) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(line)) + "\n");
}

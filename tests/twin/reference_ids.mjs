// Token ids of texts by npm's llama3-tokenizer-js, special tokens in them included.
// Usage: node reference_ids.mjs PACKAGE < JSON array of texts > JSON array of arrays of ids
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const entry = join(process.argv[2], 'bundle', 'llama3-tokenizer-with-baked-data.js');
const { default: tokenizer } = await import(pathToFileURL(entry));
const texts = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map((text) => tokenizer.encode(text, { bos: false, eos: false }))));

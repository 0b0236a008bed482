// Compares our ids with those of tokenizers that others wrote.
//
// node compare.js DUMP DIRECTORY [COUNT]: DIRECTORY is made by prepare.js; prints a line for each tokenizer and judge.
'use strict';

const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {strings} = require('./strings.js');

const [dump, directory, count = '12000'] = process.argv.slice(2);

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

function ours(folder, vocabSize, mode, texts) {
  const input = texts.map((text) => Buffer.from(text, 'utf8').toString('hex') + '\n').join('');
  const output = execFileSync(dump, [folder, String(vocabSize), mode], {input, maxBuffer: 1 << 30, encoding: 'latin1'});
  return output.split('\n').slice(0, -1);
}

let failed = false;
function report(name, judge, texts, skipped, found, wanted) {
  const wrong = texts.map((_, i) => i).filter((i) => found[i] !== wanted[i]);
  console.log(`${name}: ${texts.length} strings against ${judge}, ${wrong.length} differences` +
      (skipped ? ` (${skipped} left out)` : ''));
  for (const i of wrong.slice(0, 5)) {
    console.log(`  ${JSON.stringify(texts[i])}\n    ours:  ${found[i]}\n    judge: ${wanted[i]}`);
  }
  failed ||= wrong.length > 0 || found.length !== texts.length;
}

// JavaScript's \s has U+FEFF and lacks U+0085; in Unicode, and in the regular expressions that models were trained
// with, it is the other way round. And this judge's "Digits" knows ASCII's only. Such strings are for compare.py, whose
// judge is the one that models were trained with.
const otherSpaces = /[\u0085\ufeff]/;
const otherDigits = /[\u0085\ufeff]|(?![0-9])\p{N}/u;

async function main() {
  for (const name of fs.readdirSync(directory).sort()) {
    const folder = path.join(directory, name);
    const tokenizer = readJson(path.join(folder, 'tokenizer.json'));
    const config = readJson(path.join(folder, 'tokenizer_config.json'));
    const about = readJson(path.join(folder, 'about.json'));
    const markers = tokenizer.added_tokens.map((token) => token.content);
    const ids = [...Object.values(tokenizer.model.vocab), ...tokenizer.added_tokens.map((token) => token.id)];
    const vocabSize = 1 + ids.reduce((most, id) => Math.max(most, id), 0);
    const all = strings(Number(count), markers.slice(0, 40));
    fs.writeFileSync(path.join(folder, 'strings.hex'),
        all.map((text) => Buffer.from(text, 'utf8').toString('hex') + '\n').join(''));

    if (about.onlyPython) {
      continue;
    }
    const leftOut = about.asciiDigits ? otherDigits : otherSpaces;
    const texts = all.filter((text) => !leftOut.test(text));
    const {Tokenizer} = require('@huggingface/tokenizers');
    const judge = new Tokenizer(tokenizer, config);
    report(name, '@huggingface/tokenizers', texts, all.length - texts.length, ours(folder, vocabSize, 'parse', texts),
        texts.map((text) => judge.encode(text, {add_special_tokens: false}).ids.join(' ')));

    if (tokenizer.model.byte_fallback) {
      report(`${name} by scores`, '@huggingface/tokenizers', texts, all.length - texts.length,
          ours(folder, vocabSize, 'scores', texts),
          texts.map((text) => judge.encode(text, {add_special_tokens: false}).ids.join(' ')));
    }

    if (about.other === 'llama3-tokenizer-js') {
      // It knows Llama 3.1's markers, of which those that were reserved in Llama 3 have other names and places.
      const llama3 = require('llama3-tokenizer-js');
      const other = llama3.default ?? llama3;
      const same = texts.filter((text) => !text.includes('<|reserved_special_token_'));
      report(name, about.other, same, all.length - same.length, ours(folder, vocabSize, 'parse', same),
          same.map((text) => other.encode(text, {bos: false, eos: false}).join(' ')));
    }
    if (about.other === 'llama-tokenizer-js' || about.other === 'mistral-tokenizer-js') {
      // These know no markers, so neither may we; and they put a space in front of an empty text too.
      const {default: other} = await import(require.resolve(about.other));
      const some = texts.filter((text) => text);
      report(name, about.other, some, all.length - some.length, ours(folder, vocabSize, 'plain', some),
          some.map((text) => other.encode(text, false, true).join(' ')));
    }
  }
  process.exitCode = failed ? 1 : 0;
}
main();

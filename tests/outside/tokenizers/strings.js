// Texts that tokenizers disagree about: all scripts, emoji, runs of white space, special tokens inside text. The same
// ones on every run.
'use strict';

const fs = require('fs');
const path = require('path');
const ranges = require('./ranges.js');

// mulberry32: the same numbers everywhere.
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    below: (n) => next() % n,
    pick(list) { return list[next() % list.length]; },
  };
}

const golden = path.join(__dirname, '../../engine/tokenizer/golden_sentences.txt');
const sentences = fs.readFileSync(golden, 'utf8').split('\n').filter((line) => line)
    .map((line) => JSON.parse('"' + line.replace(/"/g, '\\"') + '"'));
const words = sentences.flatMap((sentence) => sentence.split(' '));

const spaces = [' ', '  ', '   ', '\t', '\n', '\n\n', '\r\n', '\r', '\v', '\f', '\x1c', '\u00a0', '\u1680', '\u180e', '\u2003',
  '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u200b', '        ', '\n\n\n\n', '\t\t'];
const glue = ["'s", "'S", "'LL", "'re", "n't", "'", "''", '"', '1', '12', '123', '1234', '12345', '٣', '٣٤', 'Ⅷ', '½', '²', '三', '_',
  '__', '-', '--', '...', '!?', '`', '```', '$', '^', '+=', '<=', '~', '|', '#', '@', '{', '}', '();', '//', '/*', 'é', 'e\u0301',
  'o\u0323\u0302', 'o\u0302\u0323', '\u1112\u1161\u11ab', '한', '字', 'ß', 'ﬁ', 'Å', 'Å', 'Ω', '\u0958', '🙂', '👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪',
  '1️⃣', '\u200d', '\ufe0f', 'a', 'A', '\u0301', '\u0300\u0301', '\x00', '\x7f', '\x01', '▁', '▁▁', '<0x0A>', '<unk>', '<s>', '</s>',
  '<|', '|>', '<|eot_id|>', '<|im_end|>', 'User: ', 'ſ', 'İ', 'ǅ', '\u0345', 'ก็', 'नि', 'ക്ഷ', 'שָׁ', 'لا'];
const emoji = ['🙂', '👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪', '1️⃣', '🧑🏿‍🚀', '❤️‍🔥', '\u{E0067}', '⌨️', '🀄', '🂡', '😶‍🌫️'];
const codes = ['for (int i = 0; i < n; ++i) {\n    sum += a[i];\n}\n', 'def f(x):\n\treturn x**2  # square\n', '{"a": [1, 2.5e-3, null]}',
  'https://example.org/a?b=c&d=%20#e', 'SELECT * FROM t WHERE x >= 1000;', '<div class="a">\r\n  b</div>', '$ ls -la | grep foo\\bar'];

function randomChar(random) {
  const kind = random.below(10);
  if (kind < 3) return String.fromCharCode(random.below(0x80));
  const [first, last] = kind < 5 ? [0xa0, 0x52f] : random.pick(ranges);
  return String.fromCodePoint(first + random.below(last - first + 1));
}

function randomText(random, special) {
  const many = (n, one) => Array.from({length: 1 + random.below(n)}, one).join('');
  switch (random.below(11)) {
    case 0: return many(40, () => randomChar(random));
    case 1: return many(25, () => random.pick(random.below(2) ? spaces : glue));
    case 2: return many(12, () => random.pick(words) + random.pick(spaces));
    case 3: {
      const line = Array.from(random.pick(sentences));
      const begin = random.below(line.length);
      return line.slice(begin, begin + random.below(60)).join('');
    }
    case 4: return many(15, () => random.pick([words, spaces, glue][random.below(3)]));
    case 5: return random.pick([...spaces, ...glue, 'a', 'ab', 'é', '한', '🙂']).repeat(1 + random.below(60));
    case 6: {  // One script.
      const [first, last] = random.pick(ranges);
      return many(12, () => many(8, () => String.fromCodePoint(first + random.below(last - first + 1))) +
          (random.below(3) ? ' ' : random.pick(spaces)));
    }
    case 7: return many(8, () => random.pick(emoji) + (random.below(2) ? '' : random.pick(spaces)));
    case 8: return many(4, () => random.pick(codes) + random.pick([...spaces, '']));
    case 9: return many(10, () => random.pick(special.length && random.below(2) ? special : random.below(2) ? words : spaces));
    default: return random.pick(sentences).normalize(random.pick(['NFC', 'NFD', 'NFKC', 'NFKD'])) + random.pick(spaces);
  }
}

// `count` different texts; `special` are markers to put into some of them.
function strings(count, special) {
  const random = generator(2026);
  const texts = new Set(['', ' ', '\n', 'a', ...sentences, ...sentences.map((line) => line.toUpperCase()), ...spaces, ...glue,
    ...emoji, ...codes, ...special]);
  while (texts.size < count) {
    texts.add(randomText(random, special));
  }
  return [...texts].filter((text) => text.isWellFormed());
}

module.exports = {strings};

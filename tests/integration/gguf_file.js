// Changes a model file as little as a test needs.
'use strict';

const fs = require('node:fs');

const kString = 8;
const kArray = 9;
const kSizes = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8]; // Of the types of values, by their numbers.
const kKey = 'tokenizer.chat_template';

// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  u32() {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }
  u64() {
    this.at += 8;
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }
  string() {
    const length = this.u64();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
  skip(type) {
    if (type === kString) {
      this.string();
    } else if (type === kArray) {
      const inner = this.u32();
      for (let left = this.u64(); left > 0; --left) this.skip(inner);
    } else {
      this.at += kSizes[type];
    }
  }
}

function string(text) {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text)]);
}

const padding = (size, alignment) => Buffer.alloc((alignment - (size % alignment)) % alignment);

// Writes `source` with another chat template to `target`, and returns that.
function withChatTemplate(source, target, template) {
  const reader = new Reader(fs.readFileSync(source));
  reader.at = 8; // Behind magic and version.
  const tensors = reader.u64();
  const pairs = reader.u64();
  const kept = [];
  let alignment = 32;
  for (let i = 0; i < pairs; ++i) {
    const start = reader.at;
    const key = reader.string();
    const type = reader.u32();
    if (key === 'general.alignment') alignment = reader.bytes.readUInt32LE(reader.at);
    reader.skip(type);
    if (key !== kKey) kept.push(reader.bytes.subarray(start, reader.at));
  }
  const infos = reader.at;
  for (let i = 0; i < tensors; ++i) {
    reader.string();
    const dimensions = reader.u32();
    reader.at += 8 * dimensions + 4 + 8; // Type and offset.
  }
  const type = Buffer.from([kString, 0, 0, 0]);
  const head = Buffer.from(reader.bytes.subarray(0, 24));
  head.writeBigUInt64LE(BigInt(kept.length + 1), 16);
  const front = Buffer.concat([head, ...kept, string(kKey), type, string(template), reader.bytes.subarray(infos, reader.at)]);
  const data = reader.bytes.subarray(reader.at + padding(reader.at, alignment).length);
  fs.writeFileSync(target, Buffer.concat([front, padding(front.length, alignment), data]));
  return target;
}

module.exports = { withChatTemplate };

// Writes a LoRA adapter to the embedded model, as a directory of PEFT's: random numbers, the same for the same seed.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const config = JSON.parse(fs.readFileSync(path.resolve(__dirname, '..', '..', 'models', 'lighthouse-1.58b-6m', 'config.json'), 'utf8'));

// Evenly distributed from -1 to 1.
function* numbers(seed) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 31 - 1;
  }
}

function writeAdapter(folder, seed, { rank = 4, size = 4 } = {}) {
  const header = {};
  const pieces = [];
  let offset = 0;
  const random = numbers(seed);
  const add = (name, rows, columns, scale) => {
    const values = Float32Array.from({ length: rows * columns }, () => random.next().value * scale);
    header[name] = { dtype: 'F32', shape: [rows, columns], data_offsets: [offset, offset + values.byteLength] };
    pieces.push(Buffer.from(values.buffer));
    offset += values.byteLength;
  };
  for (let layer = 0; layer < config.num_hidden_layers; ++layer) {
    const base = `base_model.model.model.layers.${layer}.mlp.down_proj`;
    add(`${base}.lora_A.weight`, rank, config.intermediate_size, 1 / Math.sqrt(config.intermediate_size));
    add(`${base}.lora_B.weight`, config.hidden_size, rank, size / Math.sqrt(rank));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'adapter_model.safetensors'), Buffer.concat([length, text, ...pieces]));
  fs.writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify(
    { peft_type: 'LORA', r: rank, lora_alpha: rank, target_modules: ['down_proj'], bias: 'none' }));
  return folder;
}

module.exports = { writeAdapter, layers: config.num_hidden_layers };

// headers.cjs EXPECTED.json FILE...: npm's @huggingface/gguf parses every file, and finds what it should.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { gguf, GGMLQuantizationType } = require("@huggingface/gguf");

// Numbers of tensor types; those that the package does not name are Microsoft's and ours.
const I2_S = 36;
const PACKED = { "2bit": 1025, base3: 1026 };
const OUTTYPES = { i2_s: I2_S, tq1_0: 34, tq2_0: 35, q2_0: 42, f16: 1 };
const EMBEDDINGS = { f32: 0, f16: 1, bf16: 30, q8_0: 8, q6_k: 14, q4_0: 2 };

// The types that matrices and the embedding must have in a file of that name.
function types(name) {
  const [from, what] = name.split("-");
  if (from === "packed") return { matrix: PACKED[what], embedding: 1, alignment: 16384 };
  if (from === "embedding") return { matrix: 35, embedding: EMBEDDINGS[what], alignment: 32 };
  if (from === "unpacked") return { matrix: I2_S, embedding: 1, alignment: 32 };
  return { matrix: OUTTYPES[what], embedding: 1, alignment: 32 };
}

function same(found, wanted) {
  if (typeof wanted === "number") return Math.fround(Number(found)) === Math.fround(wanted);
  return JSON.stringify(found) === JSON.stringify(wanted);
}

async function judge(file, expected) {
  const { metadata, tensorInfos, tensorDataOffset } = await gguf(file, { allowLocalFile: true });
  const wanted = types(path.basename(file, ".gguf"));
  assert.equal(metadata.version, 3);
  for (const [key, value] of Object.entries(expected.keys)) {
    assert.ok(same(metadata[key], value), `${key} is ${JSON.stringify(metadata[key])?.slice(0, 80)}`);
  }
  assert.equal(metadata["general.alignment"] ?? 32, wanted.alignment);
  assert.equal(Number(tensorDataOffset) % wanted.alignment, 0);
  const names = tensorInfos.map((info) => info.name);
  assert.deepEqual([...names].sort(), Object.keys(expected.shapes).sort());
  for (const info of tensorInfos) {
    assert.deepEqual(info.shape.map(Number), expected.shapes[info.name], info.name);
    assert.equal(Number(info.offset) % wanted.alignment, 0, info.name);
    const type = info.shape.length === 1 ? 0 : info.name === "token_embd.weight" ? wanted.embedding : wanted.matrix;
    assert.equal(info.dtype, type, `${info.name} has type ${GGMLQuantizationType[info.dtype] ?? info.dtype}`);
  }
  console.log(`${path.basename(file)}: ${Object.keys(metadata).length} keys, ${names.length} tensors`);
}

async function main() {
  const [expectedPath, ...files] = process.argv.slice(2);
  const expected = JSON.parse(fs.readFileSync(expectedPath, "utf8"));
  for (const file of files) {
    await judge(file, expected).catch((error) => {
      console.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    });
  }
}

main();

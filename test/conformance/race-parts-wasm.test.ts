/** The single operations of docs/race.md as the WebAssembly module computes them, against test/vectors/race-parts.json. */
import { expect, test } from 'vitest'
import { bigintToBytes, bytesToBigint, fromHex, toHex } from '../../src/lib/bytes.ts'
import { digestMidstate, inputStream, weightStream } from '../../src/race/keys.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { RaceParts } from '../support/race-conformance/race-parts.ts'
import { WasmParts } from '../support/race-conformance/wasm-parts.ts'
import { readVectors } from '../support/vectors.ts'

const parts = readVectors<RaceParts>('race-parts')
const epochSeed = fromHex(parts.epochSeed)
const host = fromHex(parts.host)
const int8s = (hex: string): Int8Array => Int8Array.from(fromHex(hex))
const hexOf = (values: Int8Array): string => toHex(Uint8Array.from(values))

test.each(parts.linear)('linear: $name', ({ x, matrix, y }) => {
  const wasm = new WasmParts({ width: int8s(x).length })
  expect(hexOf(wasm.linear(int8s(x), int8s(matrix)))).toBe(y)
})

test.each(parts.norm)('norm: $name', ({ x, y }) => {
  expect(hexOf(new WasmParts({ width: x.length }).norm(x))).toBe(y)
})

test.each(parts.attention)('attention, with the exponential table: $name', ({ query, keys, values, result }) => {
  const wasm = new WasmParts({ width: int8s(query).length })
  expect(hexOf(wasm.attention(int8s(query), keys.map(int8s), values.map(int8s)))).toBe(result)
})

test.each(parts.inputBlocks)('input of $shape, nonce $nonce, position $position', (block) => {
  const { width, positions } = RACE_SHAPES[block.shape]
  const stream = inputStream(RACE_SHAPES[block.shape], epochSeed, host)
  const inputs = new WasmParts({ width, positions }).inputs(stream, BigInt(block.nonce))
  const from = block.position * width + block.firstElement
  expect([...inputs.subarray(from, from + 16)]).toEqual(block.elements)
})

test.each(parts.weightBlocks.filter(({ shape }) => shape === 'dev'))('weights from byte $firstByte', (block) => {
  // Two layers with 256 columns hold as many bytes as the three of the shape with 128.
  const wasm = new WasmParts({ width: RACE_SHAPES.dev.width, hidden: 256 })
  const weights = wasm.weights(weightStream(RACE_SHAPES.dev, epochSeed), block.firstByte, 16)
  expect(hexOf(weights)).toBe(block.bytes)
})

test.each(parts.digest)('digest of nonce $nonce, and its comparison with targets beside it', (entry) => {
  const wasm = new WasmParts({ width: entry.state.length })
  const midstate = digestMidstate(epochSeed, host)
  const nonce = BigInt(entry.nonce)
  expect(toHex(wasm.digest(midstate, nonce, entry.state))).toBe(entry.digest)
  const digest = bytesToBigint(fromHex(entry.digest))
  for (const target of [digest, digest + 1n, digest - 1n, 2n ** 255n, 1n, digest + 2n ** 32n, digest - 2n ** 224n]) {
    const isFind = wasm.isFind(midstate, nonce, entry.state, bigintToBytes(target, 32))
    expect(isFind, `${entry.digest} < ${target}`).toBe(digest < target)
  }
})

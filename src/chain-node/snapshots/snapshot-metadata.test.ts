import { expect, test } from 'vitest'
import { utf8 } from '../../lib/bytes.ts'
import { decodeMetadata, encodeMetadata } from './snapshot-metadata.ts'

const METADATA = {
  chainId: 'tailrace-local-1',
  height: 40,
  appHash: new Uint8Array(32).fill(1),
  appVersion: 1,
  entries: 3,
  stateBytes: 90,
  chunkHashes: [new Uint8Array(32).fill(2)],
}

test('a description comes back as it was', () => {
  expect(decodeMetadata(encodeMetadata(METADATA))).toEqual(METADATA)
})

test('a list whose length cannot become a number is refused like any other damage', () => {
  const json = JSON.parse(new TextDecoder().decode(encodeMetadata(METADATA))) as object
  const chunks = { length: { toString: 1, valueOf: 1 } }
  const bent = utf8(JSON.stringify({ ...json, chunks }))
  expect(() => decodeMetadata(bent)).toThrowError(expect.objectContaining({ code: 'snapshot_damaged' }))
})

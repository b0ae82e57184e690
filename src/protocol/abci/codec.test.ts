import { BinaryReader } from 'cosmjs-types/binary'
import { Response } from 'cosmjs-types/tendermint/abci/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyRequest } from '../../../test/support/abci/abci-client.ts'
import { encodeBareRequest as encode } from '../../../test/support/abci/abci-client.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { decodeAbciRequest, encodeAbciAnswer, encodeAbciException, maxRequestBytes } from './codec.ts'

const TIME = { seconds: 1_700_000_000n, nanos: 999_999_999 }
const ADDRESS = new Uint8Array(20).fill(3)
const VALIDATOR = { address: ADDRESS, power: (1n << 60n) - 1n }

/** One of each, with every field that ABCI 2.0 has set to something that is not its default. */
const EXAMPLES = {
  echo: { message: 'hello' },
  flush: {},
  info: { version: '0.38.26', blockVersion: 11n, p2pVersion: 8n, abciVersion: '2.0.0' },
  initChain: {
    time: TIME,
    chainId: 'tailrace-1',
    consensusParams: {
      block: { maxBytes: 2_097_152n, maxGas: -1n },
      evidence: { maxAgeNumBlocks: 9n, maxAgeDuration: { seconds: 5n, nanos: 1 }, maxBytes: 7n },
      validator: { pubKeyTypes: ['ed25519'] },
      version: { app: 3n },
      abci: { voteExtensionsEnableHeight: 4n },
    },
    validators: [{ pubKey: { ed25519: new Uint8Array(32).fill(1) }, power: 10n }],
    appStateBytes: new Uint8Array([123, 125]),
    initialHeight: 1n,
  },
  query: { data: ADDRESS, path: '/store/x', height: 1n << 62n, prove: true },
  checkTx: { tx: ADDRESS, type: 1 },
  commit: {},
  listSnapshots: {},
  offerSnapshot: {
    snapshot: { height: 5n, format: 1, chunks: 2, hash: ADDRESS, metadata: ADDRESS },
    appHash: ADDRESS,
  },
  loadSnapshotChunk: { height: 5n, format: 1, chunk: 2 },
  applySnapshotChunk: { index: 1, chunk: ADDRESS, sender: 'peer' },
  prepareProposal: {
    maxTxBytes: 1_000n,
    txs: [ADDRESS, ADDRESS],
    localLastCommit: {
      round: 2,
      votes: [
        { validator: VALIDATOR, voteExtension: ADDRESS, extensionSignature: ADDRESS, blockIdFlag: 2 },
        { validator: VALIDATOR, voteExtension: ADDRESS, extensionSignature: ADDRESS, blockIdFlag: 1 },
      ],
    },
    misbehavior: [{ type: 1, validator: VALIDATOR, height: 3n, time: TIME, totalVotingPower: 8n }],
    height: 4n,
    time: TIME,
    nextValidatorsHash: ADDRESS,
    proposerAddress: ADDRESS,
  },
  finalizeBlock: {
    txs: [ADDRESS],
    decidedLastCommit: { round: 2, votes: [{ validator: VALIDATOR, blockIdFlag: 3 }] },
    misbehavior: [{ type: 2, validator: VALIDATOR, height: 3n, time: TIME, totalVotingPower: 8n }],
    hash: ADDRESS,
    height: 1n << 40n,
    time: TIME,
    nextValidatorsHash: ADDRESS,
    proposerAddress: ADDRESS,
  },
  verifyVoteExtension: { hash: ADDRESS, validatorAddress: ADDRESS, height: 4n, voteExtension: ADDRESS },
} as const satisfies AnyRequest

/** Field `number` of a message, `count` times empty. */
function bomb(number: number, count: number): number[] {
  return Array.from({ length: count }, () => [(number << 3) | 2, 0]).flat()
}

function delimited(tag: readonly number[], body: readonly number[]): Uint8Array {
  const length: number[] = []
  for (let rest = body.length; ; rest = Math.trunc(rest / 0x80)) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
    if (rest < 0x80) {
      break
    }
  }
  return Uint8Array.from([...tag, ...length, ...body])
}

describe('ABCI requests', () => {
  it.each(Object.entries(EXAMPLES))('decode %s with all its fields', (kind, value) => {
    const request = decodeAbciRequest(encode({ [kind]: value }))
    expect(request.kind).toBe(kind)
    expect(request.value).toMatchObject(value)
  })

  it('throw malformed_request alone for any bytes, true requests that were damaged among them', () => {
    const examples = Object.entries(EXAMPLES).map(([kind, value]) => encode({ [kind]: value }))
    const damaged = fc
      .tuple(fc.constantFrom(...examples), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))), fc.nat(400))
      .map(([bytes, changes, cut]) => {
        const out = Uint8Array.from([...bytes].slice(0, Math.max(1, bytes.length - cut)))
        for (const [at, byte] of changes) {
          out[at % out.length] = byte
        }
        return out
      })
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          seen.add(decodeAbciRequest(bytes).kind)
        } catch (error) {
          seen.add(errorCode(error))
        }
      }),
      { numRuns: 10_000, seed: 7 },
    )
    const known = new Set<string>([...Object.keys(EXAMPLES), 'processProposal', 'extendVote', 'malformed_request'])
    expect([...seen].filter((one) => !known.has(one))).toEqual([])
    expect(seen).toContain('malformed_request')
    expect(seen).toContain('finalizeBlock')
  })

  it.each([
    ['transactions', delimited([0xa2, 0x01], bomb(1, 70_000))],
    ['votes', delimited([0xa2, 0x01], [...delimited([0x12], bomb(2, 70_000))])],
    ['validators', delimited([0x2a], bomb(4, 70_000))],
    ['kinds of keys', delimited([0x2a], [...delimited([0x1a], [...delimited([0x1a], bomb(1, 70_000))])])],
    ['unknown fields', delimited([0xa2, 0x01], bomb(15, 70_000))],
  ])('refuse a bomb of %s before they allocate', (_name, bytes) => {
    expect(() => decodeAbciRequest(bytes)).toThrowError(expect.objectContaining({ code: 'malformed_request' }))
  })

  it('refuse two requests in one, an empty one and groups', () => {
    const two = Uint8Array.from([...encode({ flush: {} }), ...encode({ commit: {} })])
    for (const bytes of [two, new Uint8Array(0), Uint8Array.of(0x12, 2, 0x0b, 0x0c)]) {
      expect(() => decodeAbciRequest(bytes)).toThrowError(expect.objectContaining({ code: 'malformed_request' }))
    }
  })

  it('take a block of the largest allowed size and no larger one', () => {
    const block = encode({ finalizeBlock: { ...EXAMPLES.finalizeBlock, txs: [new Uint8Array(2 * 1024 * 1024)] } })
    expect(decodeAbciRequest(block).kind).toBe('finalizeBlock')
    expect(maxRequestBytes(block)).toBe(8 * 1024 * 1024)
    const larger = encode({ finalizeBlock: { txs: [new Uint8Array(8 * 1024 * 1024)] } })
    expect(() => decodeAbciRequest(larger)).toThrowError(expect.objectContaining({ code: 'malformed_request' }))
  })
})

describe('ABCI answers', () => {
  it('have their length in front and decode to what was given', () => {
    const appHash = new Uint8Array(32).fill(9)
    const bytes = encodeAbciAnswer('info', {
      data: 'tailrace',
      version: '0.1.0',
      appVersion: 1n,
      lastBlockHeight: 300n,
      lastBlockAppHash: appHash,
    })
    const reader = new BinaryReader(bytes)
    const length = reader.uint32()
    expect(length).toBe(bytes.length - reader.pos)
    const answer = Response.decode(reader, length)
    expect(answer.info).toMatchObject({ lastBlockHeight: 300n, lastBlockAppHash: appHash })
    const exception = encodeAbciException('why')
    expect(Response.decode(exception.subarray(1)).exception).toEqual({ error: 'why' })
  })
})

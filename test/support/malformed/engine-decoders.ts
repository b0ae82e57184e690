/** The decoders of what CometBFT and peers that hand over a state send: ABCI requests and their framing, records, snapshots, proofs. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Request } from 'cosmjs-types/tendermint/abci/types'
import { createApplication } from '../../../src/chain/create-application.ts'
import { createStateTree, verifyStateProof } from '../../../src/chain/state-tree.ts'
import { parseAddress } from '../../../src/chain-node/abci/abci-server.ts'
import { decidedInput, proposedInput } from '../../../src/chain-node/abci/block-input.ts'
import { FrameDecoder } from '../../../src/chain-node/abci/frame-decoder.ts'
import { decodeRecordedBlock, encodeRecordedBlock } from '../../../src/chain-node/abci/recorded-blocks.ts'
import { decodeProofOp, encodeProofOp } from '../../../src/chain-node/proof-op.ts'
import { ChunkBody, decodeChunk } from '../../../src/chain-node/snapshots/snapshot-chunk.ts'
import { decodeMetadata, encodeMetadata } from '../../../src/chain-node/snapshots/snapshot-metadata.ts'
import { utf8 } from '../../../src/lib/bytes.ts'
import { decodeAbciRequest } from '../../../src/protocol/abci/codec.ts'
import { decodeRandomnessTx, encodeRandomnessTx } from '../../../src/protocol/tx.ts'
import { hostNamed, testGenesis } from '../chain/chain-harness.ts'
import { RECORD_SHAPES } from '../random-chain/audit/records.ts'
import type { Random } from './bend-bytes.ts'
import { below, bentBytes, pick } from './bend-bytes.ts'
import { bentText, stretchedValue } from './bend-values.ts'
import type { Decoder } from './decode-many.ts'

const HASH = new Uint8Array(32).fill(3)
const ADDRESS = new Uint8Array(20).fill(4)
const TIME = { seconds: 1_700_000_000n, nanos: 5 }
const VOTE = { validator: { address: ADDRESS, power: 10n }, blockIdFlag: 2 }
const OFFENCE = { type: 1, validator: { address: ADDRESS, power: 10n }, height: 3n, time: TIME, totalVotingPower: 10n }
const TX = new Uint8Array(40).fill(9)
const BLOCK = { txs: [TX, TX], hash: HASH, height: 7n, time: TIME, nextValidatorsHash: HASH, proposerAddress: ADDRESS }
const COMMIT = { round: 1, votes: [VOTE, VOTE] }

const REQUESTS: readonly object[] = [
  { echo: { message: 'x' } },
  { flush: {} },
  { info: { version: '0.38', blockVersion: 11n, p2pVersion: 8n, abciVersion: '2.0.0' } },
  { initChain: { time: TIME, chainId: 'x', validators: [], appStateBytes: utf8('{}'), initialHeight: 1n } },
  { query: { data: TX, path: '/x', height: 0n, prove: true } },
  { checkTx: { tx: TX, type: 1 } },
  { commit: {} },
  { listSnapshots: {} },
  { offerSnapshot: { snapshot: { height: 4n, format: 1, chunks: 2, hash: HASH, metadata: TX }, appHash: HASH } },
  { loadSnapshotChunk: { height: 4n, format: 1, chunk: 0 } },
  { applySnapshotChunk: { index: 0, chunk: TX, sender: 'y' } },
  {
    prepareProposal: { ...BLOCK, maxTxBytes: 1_000n, localLastCommit: { round: 0, votes: [] }, misbehavior: [OFFENCE] },
  },
  { processProposal: { ...BLOCK, proposedLastCommit: COMMIT, misbehavior: [OFFENCE] } },
  { extendVote: { hash: HASH, height: 4n } },
  { verifyVoteExtension: { hash: HASH, validatorAddress: ADDRESS, height: 4n, voteExtension: TX } },
  { finalizeBlock: { ...BLOCK, decidedLastCommit: COMMIT, misbehavior: [OFFENCE] } },
]
const encodeRequest = (value: unknown): Uint8Array => Request.encode(Request.fromPartial(value as object)).finish()
const ENCODED = REQUESTS.map(encodeRequest)

/** Also what is made of a block, which no later check sees. */
function decodeRequest(bytes: Uint8Array): unknown {
  const request = decodeAbciRequest(bytes)
  switch (request.kind) {
    case 'finalizeBlock':
      return decidedInput(request.value)
    case 'processProposal':
      return proposedInput(request.value)
    default:
      return request.value
  }
}

function framed(bytes: Uint8Array): Uint8Array {
  const length = bytes.length
  const prefix = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
  return Uint8Array.from([...prefix, ...bytes])
}

/** Bytes of a socket in pieces of any size: nothing is lost, and little is kept. */
function cutFrames({ bytes, cuts }: { readonly bytes: Uint8Array; readonly cuts: readonly number[] }): unknown {
  const decoder = new FrameDecoder()
  let frames = 0
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    decoder.push(bytes.slice(from, Math.max(from, cut)))
    from = Math.max(from, cut)
    while (decoder.next() !== undefined) {
      frames += 1
    }
  }
  if (decoder.sizeBytes > bytes.length) {
    throw new Error('more is kept than came')
  }
  return frames
}

function cutInput(random: Random): { bytes: Uint8Array; cuts: number[] } {
  const stream = Array.from({ length: 1 + below(random, 3) }, () => framed(pick(random, ENCODED)))
  const bytes = bentBytes(random, [Uint8Array.from(stream.flatMap((frame) => [...frame]))])
  const cuts = Array.from({ length: below(random, 4) }, () => below(random, bytes.length + 1)).sort((a, b) => a - b)
  return { bytes, cuts }
}

const RECORD = JSON.parse(
  encodeRecordedBlock({
    input: {
      height: 3n,
      timeMs: 1_700_000_000_000n,
      hash: HASH,
      proposer: ADDRESS,
      txs: [TX],
      lastCommit: { round: 0, votes: [{ address: ADDRESS, power: 3n, signed: true }] },
      misbehaviour: [{ kind: 'duplicate_vote', address: ADDRESS, height: 2n }],
    },
    appHash: HASH,
  }),
) as unknown

const METADATA = {
  chainId: 'tailrace-local-1',
  height: 40,
  appHash: HASH,
  appVersion: 1,
  entries: 3,
  stateBytes: 90,
  chunkHashes: [HASH, HASH],
}

const CHUNK = { height: 40, index: 1 } as const
const HEAD_BYTES = 28
const RAW_BYTES_AT = 24

/** Bent before it was packed: what passes the head and unpacks, and is wrong inside. */
function repacked(random: Random, chunk: Uint8Array): Uint8Array {
  const raw = bentBytes(random, [Uint8Array.from(inflateRawSync(chunk.subarray(HEAD_BYTES)))])
  const head = Buffer.from(chunk.slice(0, HEAD_BYTES))
  head.writeUInt32BE(raw.length, RAW_BYTES_AT)
  return Buffer.concat([head, deflateRawSync(raw, { level: 1 })])
}

async function validChunk(): Promise<Uint8Array> {
  const body = new ChunkBody()
  for (let key = 0; key < 40; key++) {
    body.add(Uint8Array.of(1, key), new Uint8Array(30).fill(key))
  }
  // No Buffer: its `slice` is a view, and what bends bytes would bend the valid ones.
  return Uint8Array.from(await body.encode(CHUNK.height, CHUNK.index))
}

const ENTRIES = Array.from({ length: 20 }, (_, key) => [Uint8Array.of(key), new Uint8Array(8).fill(key)] as const)
const TREE = createStateTree(ENTRIES)
const PROOFS = [
  ...ENTRIES.slice(0, 4).map(([key, value]) => TREE.prove(key, value)),
  TREE.prove(utf8('none'), undefined),
]

function proofDecoder(): Decoder {
  return {
    name: 'proof of an answer',
    codes: ['malformed_proof'],
    input: (random) => {
      const op = encodeProofOp(pick(random, PROOFS))
      const text: unknown = JSON.parse(new TextDecoder().decode(op.data))
      return random() < 0.5
        ? { ...op, data: bentBytes(random, [op.data]) }
        : { ...op, data: utf8(bentText(random, [text])) }
    },
    decode: (op: ReturnType<typeof encodeProofOp>) => verifyStateProof(TREE.root, decodeProofOp(op)),
  }
}

/** Records of the state, which a snapshot brings before its hash is known: their codecs take or refuse, and nothing grows. */
function recordDecoders(): Decoder[] {
  return Object.entries(RECORD_SHAPES).flatMap(([name, { value: codec }]) => {
    if (typeof codec === 'string') {
      return []
    }
    const empty = codec.decode(new Uint8Array(0))
    const valid = [codec.encode(empty as never).finish(), Uint8Array.of(10, 3, 1, 2, 3, 18, 2, 8, 1, 24, 5)]
    return [
      {
        name: `record ${name}`,
        codes: [],
        input: (random: Random) => bentBytes(random, valid),
        decode: (bytes: Uint8Array) => {
          try {
            return codec.decode(bytes)
          } catch (error) {
            if (error instanceof Error && error.constructor !== TypeError) {
              return undefined
            }
            throw error
          }
        },
      },
    ]
  })
}

/** Everything that bytes can be put into at once: a refusal is a value of its own there, and nothing is thrown. */
function applicationDecoders(transactions: readonly Uint8Array[]): Decoder[] {
  const app = createApplication({ verifySignature: () => false })
  app.initChain(testGenesis({ hosts: ['ada'].map(hostNamed) }))
  app.commit()
  const input = (random: Random): Uint8Array => bentBytes(random, transactions)
  const block = {
    height: 1n,
    timeMs: 5n,
    hash: HASH,
    proposer: ADDRESS,
    txs: [encodeRandomnessTx(new Uint8Array(96)), TX],
    lastCommit: { round: 0, votes: [{ address: ADDRESS, power: 3n, signed: true }] },
    misbehaviour: [{ kind: 'duplicate_vote', address: ADDRESS, height: 2n }],
  }
  return [
    { name: 'check of a transaction', codes: [], input, decode: (tx: Uint8Array) => app.checkTx(tx) },
    { name: 'simulation of a transaction', codes: [], input, decode: (tx: Uint8Array) => app.simulate(tx) },
    {
      name: 'proposal of a block',
      codes: [],
      input: (random) => stretchedValue(random, [block]),
      decode: (proposal: Parameters<typeof app.processProposal>[0]) => app.processProposal(proposal),
    },
    {
      name: 'question to the chain',
      codes: [],
      input: (random) => ({ path: pick(random, PATHS), data: bentBytes(random, QUESTIONS) }),
      decode: ({ path, data }: { path: string; data: Uint8Array }) => app.query(path, data, { prove: true }),
    },
  ]
}

const QUERIES = [
  'Params',
  'Epoch',
  'Host',
  'Hosts',
  'Finds',
  'Assignment',
  'Openings',
  'Ledger',
  'Supply',
  'Randomness',
]
const WORK_QUERIES = ['Models', 'Escrow', 'Escrows', 'Lane', 'Roster', 'Services', 'Batch', 'Batches', 'WorkDuties']
const PATHS = [
  ...[...QUERIES, ...WORK_QUERIES, 'Validators'].map((name) => `/tailrace.v1.Query/${name}`),
  '/store/x/key',
  '/cosmos.auth.v1beta1.Query/Account',
  '/cosmos.bank.v1beta1.Query/Balance',
  '/cosmos.bank.v1beta1.Query/AllBalances',
  '/cosmos.tx.v1beta1.Service/Simulate',
  '',
]
const QUESTIONS = [
  Uint8Array.of(10, 20, ...ADDRESS),
  Uint8Array.of(10, 4, 116, 97, 105, 108, 16, 5, 24, 1),
  Uint8Array.of(8, 3, 18, 20, ...ADDRESS, 24, 100),
]

/** `transactions`: valid ones. */
export async function engineDecoders(transactions: readonly Uint8Array[]): Promise<readonly Decoder[]> {
  const chunk = await validChunk()
  return [
    {
      name: 'ABCI request',
      codes: ['malformed_request'],
      input: (random) =>
        random() < 0.8 ? bentBytes(random, ENCODED) : encodeRequest(stretchedValue(random, REQUESTS)),
      decode: decodeRequest,
    },
    { name: 'ABCI stream', codes: ['malformed_frame'], input: cutInput, decode: cutFrames },
    {
      name: 'address of a socket',
      codes: ['invalid_address'],
      input: (random) => bentText(random, ['tcp://127.0.0.1:26658', 'unix:///run/x.sock', 'tcp://[::1]:1']).slice(1),
      decode: parseAddress,
    },
    {
      name: 'recorded block',
      codes: ['malformed_record'],
      input: (random) => bentText(random, [RECORD]),
      decode: decodeRecordedBlock,
    },
    {
      name: 'description of a snapshot',
      codes: ['snapshot_damaged'],
      input: (random) => {
        const bytes = encodeMetadata(METADATA)
        const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
        return random() < 0.4 ? bentBytes(random, [bytes]) : utf8(bentText(random, [json]))
      },
      decode: decodeMetadata,
    },
    {
      name: 'chunk of a snapshot',
      codes: ['snapshot_damaged'],
      every: 10,
      input: (random) => (random() < 0.5 ? bentBytes(random, [chunk]) : repacked(random, chunk)),
      decode: (bytes: Uint8Array) => decodeChunk(bytes, CHUNK),
    },
    {
      name: 'randomness of a block',
      codes: [],
      input: (random) => bentBytes(random, [encodeRandomnessTx(new Uint8Array(96))]),
      decode: decodeRandomnessTx,
    },
    proofDecoder(),
    ...recordDecoders(),
    ...applicationDecoders(transactions),
  ]
}

/**
 * What ABCI costs beside the state machine: transactions checked and blocks executed, from the bytes of a request to the bytes of
 * its answer, against the same work called directly, on two equal chains, taken turn by turn in one run. Processor time, so
 * that other programs do not count; the system's socket is not in it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApplication } from '../src/chain/create-application.ts'
import { createAbciHandler } from '../src/chain-node/abci/abci-handler.ts'
import { AppChain } from '../src/chain-node/abci/app-chain.ts'
import { openAppStore } from '../src/chain-node/abci/app-store.ts'
import { FrameDecoder } from '../src/chain-node/abci/frame-decoder.ts'
import { MempoolMirror } from '../src/chain-node/abci/mempool-mirror.ts'
import { Proposals } from '../src/chain-node/abci/proposals.ts'
import { NO_SNAPSHOTS } from '../src/chain-node/abci/snapshot-port.ts'
import { genesisHash } from '../src/chain-node/genesis-file.ts'
import { MEMPOOL_LIMITS } from '../src/chain-node/limits.ts'
import { Mempool } from '../src/chain-node/mempool/mempool.ts'
import { createNodeSignatures } from '../src/chain-node/native-signature.ts'
import { utf8 } from '../src/lib/bytes.ts'
import { CodedError } from '../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../src/lib/runtime.ts'
import { decodeAbciRequest } from '../src/protocol/abci/codec.ts'
import type { Genesis } from '../src/protocol/genesis.ts'
import { sha256 } from '../src/protocol/hash.ts'
import { blsSign } from '../src/protocol/randomness.ts'
import { encodeRandomnessTx } from '../src/protocol/tx.ts'
import { signedTransfer, testGenesis, testKey, VALIDATOR } from '../test/conformance/rpc/network-fixture.ts'
import type { AnyRequest } from '../test/support/abci/abci-client.ts'
import { encodeRequest } from '../test/support/abci/abci-client.ts'
import type { BenchRow } from './row.ts'

const SIGNERS = 1_000
/** Transactions that come in one piece: CometBFT does not wait for each answer. */
const TURN = 100
const BLOCK_TXS = 400
const BLOCKS = 8
const START_MS = 1_700_000_000_000

export async function run(): Promise<BenchRow[]> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-bench-'))
  try {
    const keys = Array.from({ length: SIGNERS }, (_none, index) => testKey(`signer ${index}`))
    const base = testGenesis(START_MS)
    const accounts = keys.map(({ address }) => ({ address, amount: 1_000_000n }))
    const genesis = { ...base, accounts: [...base.accounts, ...accounts] }
    const [viaAbci, direct] = [openChain(`${home}/a.db`, genesis), openChain(`${home}/b.db`, genesis)]
    const txs = keys.map((key, index) => signedTransfer(key, keys[(index + 1) % SIGNERS]?.address ?? '', 1n, 0n))
    return [checks(viaAbci, direct, txs), blocks(viaAbci, direct, txs)]
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

interface Bench {
  readonly chain: AppChain
  readonly mempool: Mempool
  /** Bytes of requests in, number of bytes of their answers out. */
  readonly serve: (bytes: Uint8Array) => number
}

function openChain(path: string, genesis: Genesis): Bench {
  const store = openAppStore(path, genesisHash(genesis))
  const signatures = createNodeSignatures()
  const chain = new AppChain(store, genesis, (state) => createApplication({ store: state, signatures }))
  chain.initialise()
  const mempool = new Mempool({ application: chain, logger: SILENT_LOGGER }, MEMPOOL_LIMITS)
  const mirror = new MempoolMirror(mempool)
  const proposals = new Proposals({ chain, mempool: mirror, validatorKey: VALIDATOR, logger: SILENT_LOGGER })
  const handle = createAbciHandler(
    { chain, mempool: mirror, proposals, snapshots: NO_SNAPSHOTS },
    { version: '0', minRetainBlocks: 0 },
  )
  const decoder = new FrameDecoder()
  const serve = (bytes: Uint8Array): number => {
    let answered = 0
    decoder.push(bytes)
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      const answer = handle(decodeAbciRequest(frame))
      answered += answer instanceof Uint8Array ? answer.length : 0
    }
    return answered
  }
  return { chain, mempool, serve }
}

/** Each transaction once on either side: its signature is verified. */
function checks(viaAbci: Bench, direct: Bench, txs: readonly Uint8Array[]): BenchRow {
  const us = { abci: 0, direct: 0 }
  for (let from = 0; from < txs.length; from += TURN) {
    const turn = txs.slice(from, from + TURN)
    const bytes = joined(turn.map((tx) => ({ checkTx: { tx } })))
    us.abci += spentUs(() => viaAbci.serve(bytes))
    us.direct += spentUs(() => {
      for (const tx of turn) {
        direct.mempool.add(tx)
      }
    })
  }
  requireThat(viaAbci.mempool.size === txs.length && direct.mempool.size === txs.length)
  return row('check of a transaction: ABCI bytes against a call', 'us/tx', us, txs.length)
}

/** The same block again and again, never committed: signatures are remembered, so the conversion weighs the most it can. */
function blocks(viaAbci: Bench, direct: Bench, all: readonly Uint8Array[]): BenchRow {
  const sigma = encodeRandomnessTx(blsSign(VALIDATOR.blsSecret, direct.chain.application.randomnessMessage(1n)))
  const txs = [sigma, ...all.slice(0, BLOCK_TXS)]
  const hash = sha256(utf8('block'))
  const proposerAddress = VALIDATOR.address
  const time = { seconds: BigInt(START_MS / 1_000), nanos: 0 }
  const bytes = encodeRequest({ finalizeBlock: { txs, hash, height: 1n, time, proposerAddress } })
  const input = { height: 1n, timeMs: BigInt(START_MS), hash, proposer: proposerAddress, txs }
  const us = { abci: 0, direct: 0 }
  // The first of either side fills the caches.
  requireThat(viaAbci.serve(bytes) > 0)
  requireThat(direct.chain.finalize(input).txResults.every(({ code }) => code === 0))
  for (let block = 0; block < BLOCKS; block++) {
    us.abci += spentUs(() => viaAbci.serve(bytes))
    us.direct += spentUs(() => direct.chain.finalize(input))
  }
  return row(`block of ${BLOCK_TXS} transfers: ABCI bytes against a call`, 'us/block', us, BLOCKS)
}

function joined(requests: readonly AnyRequest[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(requests.map(encodeRequest)))
}

function spentUs(work: () => unknown): number {
  const began = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(began)
  return user + system
}

function requireThat(isGood: boolean): void {
  if (!isGood) {
    throw new CodedError('bench_failed', 'a transaction was refused')
  }
}

function row(name: string, unit: string, us: { abci: number; direct: number }, count: number): BenchRow {
  return {
    name,
    variantA: { label: 'ABCI', value: us.abci / count },
    variantB: { label: 'direct', value: us.direct / count },
    unit,
    ratio: us.abci / us.direct,
  }
}

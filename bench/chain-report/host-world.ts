import type { Application, BlockResult, TxResult } from '../../src/chain/application.ts'
import { createApplication } from '../../src/chain/create-application.ts'
import { u32be, utf8 } from '../../src/lib/bytes.ts'
import { merkleProof, merkleRoot } from '../../src/lib/merkle.ts'
import { addressOfPublicKey, decodeAddress, encodeAddress } from '../../src/protocol/address.ts'
import type { AssignmentRound } from '../../src/protocol/gen/tailrace/v1/query.ts'
import {
  QueryAssignmentRequest,
  QueryAssignmentResponse,
  QueryEpochResponse,
} from '../../src/protocol/gen/tailrace/v1/query.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import type { TypedMessage } from '../../src/protocol/messages.ts'
import type { Params } from '../../src/protocol/params.ts'
import { PUBLIC_PARAMS } from '../../src/protocol/params.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { encodeRandomnessTx } from '../../src/protocol/tx.ts'
import { encodeVerificationLeaf } from '../../src/protocol/verification.ts'
import type { Actor } from '../../test/support/chain/chain-harness.ts'
import { signTx, testGenesis } from '../../test/support/chain/chain-harness.ts'
import { TEST_CLASS, TEST_MODEL, TEST_TOKENS_PER_SECOND } from '../../test/support/chain/chain-work.ts'
import { cpuMs } from './cpu-clock.ts'

/**
 * A public network of any number of hosts in one state machine. Signatures, σ_h and attempts are taken as right: what is
 * measured here is the state machine; what those cost is measured on its own (transactions.ts). Everything else is real.
 */
export interface HostWorld {
  readonly app: Application
  readonly params: Params
  readonly hosts: readonly BenchHost[]
  readonly height: number
  /** The next block: its result and how long finalize and commit took. A refused transaction is an error. */
  block(txs?: readonly Uint8Array[]): TimedBlock
  sign(host: BenchHost, message: TypedMessage): Uint8Array
}

export interface BenchHost {
  readonly owner: string
  readonly device: Actor
}

export interface TimedBlock {
  readonly ms: number
  readonly result: BlockResult
}

/** Stages of a public network; the days of serving between settle and close are cut to a few blocks. */
const PARAMS: Params = { ...PUBLIC_PARAMS, epochLength: 120, holdEpochs: 1 }
const PROPOSER = sha256(new Uint8Array(32).fill(9)).slice(0, 20)
const DIGEST = new Uint8Array(32)
const NONCES = 200

export function createHostWorld(count: number): HostWorld {
  const hosts = Array.from({ length: count }, (_, at) => hostAt(at))
  const genesis = testGenesis({ params: PARAMS, models: [TEST_MODEL] })
  const app = createApplication({
    verifySignature: () => true,
    signatures: { verify: () => true },
    oracles: { attempt: () => DIGEST },
  })
  app.initChain({
    ...genesis,
    hosts: hosts.map(({ owner, device }) => ({
      owner,
      devicePublicKey: device.publicKey,
      peerId: `peer of ${owner}`,
      shape: 'std',
      moniker: device.name,
    })),
  })
  app.commit()
  const sequences = new Map<string, bigint>()
  return {
    app,
    params: PARAMS,
    hosts,
    get height() {
      return Number(app.info().height)
    },
    block(txs = []) {
      const height = app.info().height + 1n
      const input = {
        height,
        timeMs: BigInt(genesis.timeMs) + height * 5_000n,
        hash: sha256(utf8(`block ${height}`)),
        proposer: PROPOSER,
        txs: [encodeRandomnessTx(new Uint8Array(96).fill(Number(height & 0xffn))), ...txs],
      }
      const startMs = cpuMs()
      const result = app.finalizeBlock(input)
      app.commit()
      const ms = cpuMs() - startMs
      requireSuccess(result.txResults)
      return { ms, result }
    },
    sign(host, message) {
      const sequence = sequences.get(host.owner) ?? 0n
      sequences.set(host.owner, sequence + 1n)
      return signTx(host.device, [message], { sequence, unsigned: true })
    },
  }
}

function hostAt(at: number): BenchHost {
  const secret = sha256(utf8(`bench device ${at}`))
  const publicKey = publicKeyOf(secret)
  const device = { name: `host ${at}`, secret, publicKey, address: addressOfPublicKey(publicKey) }
  return { owner: encodeAddress(sha256(u32be(at)).slice(0, 20)), device }
}

export function serve({ owner, device }: BenchHost): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgServeModels',
    value: {
      signer: device.address,
      host: owner,
      offers: [{ model: TEST_MODEL.id, numericClass: TEST_CLASS, tokensPerSecond: TEST_TOKENS_PER_SECOND }],
    },
  }
}

export function commitFinds({ device }: BenchHost, epoch: bigint, commit: number): TypedMessage {
  const nonces = Array.from({ length: NONCES }, (_, at) => BigInt(commit * NONCES + at) * 9_000n)
  return { typeUrl: '/tailrace.v1.MsgCommitFinds', value: { signer: device.address, epoch, nonces } }
}

/** What a verifier posts of its assignment: every find is right, every digest the same. */
export function assignmentOf(app: Application, { owner }: BenchHost, epoch: bigint): AssignmentRound | undefined {
  const request = QueryAssignmentRequest.encode({ epoch, verifier: owner }).finish()
  return QueryAssignmentResponse.decode(app.query('/tailrace.v1.Query/Assignment', request).value).rounds[0]
}

function leavesOf(assignment: AssignmentRound): Uint8Array[] {
  return assignment.finds.flatMap(({ host, nonces }) =>
    nonces.map((nonce) => encodeVerificationLeaf({ host: decodeAddress(host), nonce }, DIGEST)),
  )
}

export function root({ device }: BenchHost, epoch: bigint, assignment: AssignmentRound): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgSubmitVerification',
    value: {
      signer: device.address,
      epoch,
      round: assignment.round,
      root: merkleRoot(leavesOf(assignment), sha256),
      mismatches: [],
    },
  }
}

export function opening({ device }: BenchHost, epoch: bigint, assignment: AssignmentRound): TypedMessage {
  const leaves = leavesOf(assignment)
  const openings = assignment.openingIndices.map((index) => ({
    index,
    digest: DIGEST,
    path: merkleProof(leaves, index, sha256),
  }))
  return {
    typeUrl: '/tailrace.v1.MsgOpenVerification',
    value: { signer: device.address, epoch, round: assignment.round, openings },
  }
}

export function epochOf(app: Application): QueryEpochResponse {
  return QueryEpochResponse.decode(app.query('/tailrace.v1.Query/Epoch', new Uint8Array(0)).value)
}

function requireSuccess(results: readonly TxResult[]): void {
  const refused = results.find(({ code }) => code !== 0)
  if (refused !== undefined) {
    throw new Error(`the benchmark's transaction was refused: ${refused.log}`)
  }
}

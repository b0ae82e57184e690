import type { Application } from '../../src/chain/application.ts'
import { createApplication } from '../../src/chain/create-application.ts'
import type { SignatureCache } from '../../src/chain/signature-cache.ts'
import { createSignatureCache } from '../../src/chain/signature-cache.ts'
import { createNodeSignatures } from '../../src/chain-node/native-signature.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { blsSecretFromSeed, blsSign } from '../../src/protocol/randomness.ts'
import { encodeRandomnessTx } from '../../src/protocol/tx.ts'
import { setPayoutMessage } from '../../test/support/chain/chain-duties.ts'
import type { Actor } from '../../test/support/chain/chain-harness.ts'
import { actorNamed, hostNamed, send, signTx, testGenesis, verifyOnce } from '../../test/support/chain/chain-harness.ts'
import { cpuMs } from './cpu-clock.ts'

/** Transactions a second of one core, each signed by another account. */
export interface TransactionRate {
  readonly kind: 'send' | 'duty'
  readonly signatures: 'node' | 'noble'
  /** Into the mempool: decoded, checked, signature verified. */
  readonly checkedPerSecond: number
  /** In a block after that check, app hash included. */
  readonly executedPerSecond: number
  /** Both: what a node can take. */
  readonly perSecond: number
}

const SECRET = blsSecretFromSeed(new Uint8Array(48).fill(7))
const PROPOSER = sha256(new Uint8Array(32).fill(9)).slice(0, 20)

/** Two libraries for the same signed transactions, block by block in turns. */
export function measureTransactions(blocks: number, perBlock: number): TransactionRate[] {
  return (['send', 'duty'] as const).flatMap((kind) => {
    const batches = Array.from({ length: blocks }, (_, block) => signBatch(kind, block * perBlock, perBlock))
    const sides = [
      { signatures: 'node' as const, side: openSide(createNodeSignatures(), batches.flat()) },
      { signatures: 'noble' as const, side: openSide(createSignatureCache(), batches.flat()) },
    ]
    for (const batch of batches) {
      for (const { side } of sides) {
        side.take(batch.map(({ tx }) => tx))
      }
    }
    const count = blocks * perBlock
    return sides.map(({ signatures, side }) => ({
      kind,
      signatures,
      checkedPerSecond: (1_000 * count) / side.checkMs,
      executedPerSecond: (1_000 * count) / side.blockMs,
      perSecond: (1_000 * count) / (side.checkMs + side.blockMs),
    }))
  })
}

interface Signed {
  readonly owner: Actor
  readonly at: number
  readonly tx: Uint8Array
}

function signBatch(kind: TransactionRate['kind'], from: number, count: number): Signed[] {
  return Array.from({ length: count }, (_, index) => {
    const at = from + index
    const { owner } = hostNamed(`rate ${at}`)
    const message = kind === 'send' ? send(owner, actorNamed('rate target'), 1n) : setPayoutMessage(owner.address, '')
    return { owner, at, tx: signTx(owner, [message], kind === 'send' ? { fee: 10n } : {}) }
  })
}

interface Side {
  checkMs: number
  blockMs: number
  take(txs: readonly Uint8Array[]): void
}

function openSide(signatures: SignatureCache, signed: readonly Signed[]): Side {
  const app = createApplication({ verifySignature: verifyOnce, signatures })
  const hosts = signed.map(({ owner, at }) => ({ owner, device: hostNamed(`rate ${at}`).device }))
  const genesis = testGenesis({ hosts, accounts: signed.map(({ owner }) => ({ actor: owner, amount: 1_000n })) })
  app.initChain(genesis)
  app.commit()
  const side: Side = {
    checkMs: 0,
    blockMs: 0,
    take(txs) {
      const input = blockOf(app, txs)
      app.processProposal(input)
      const startMs = cpuMs()
      const checked = txs.map((tx) => app.checkTx(tx))
      const middleMs = cpuMs()
      const { txResults } = app.finalizeBlock(input)
      app.commit()
      side.checkMs += middleMs - startMs
      side.blockMs += cpuMs() - middleMs
      const refused = [...checked, ...txResults].find(({ code }) => code !== 0)
      if (refused !== undefined) {
        throw new Error(`the benchmark's transaction was refused: ${refused.log}`)
      }
    },
  }
  return side
}

function blockOf(app: Application, txs: readonly Uint8Array[]): Parameters<Application['finalizeBlock']>[0] {
  const height = app.info().height + 1n
  const sigma = blsSign(SECRET, app.randomnessMessage(height))
  const header = { height, timeMs: height * 1_000n, hash: sha256(Uint8Array.of(Number(height))), proposer: PROPOSER }
  return { ...header, txs: [encodeRandomnessTx(sigma), ...txs] }
}

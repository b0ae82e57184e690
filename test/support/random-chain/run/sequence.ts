import type { BlockInput, LastCommit, Misbehaviour, TxResult } from '../../../../src/chain/application.ts'
import { utf8 } from '../../../../src/lib/bytes.ts'
import { sha256 } from '../../../../src/protocol/hash.ts'
import { blsSign } from '../../../../src/protocol/randomness.ts'
import { encodeRandomnessTx } from '../../../../src/protocol/tx.ts'
import { theCast } from '../cast.ts'
import { cheapRandomness } from '../cheap-signing.ts'
import type { Draft } from '../draft.ts'
import type { Machine } from '../machine.ts'

/** A whole random sequence, so that it can be run again, or in part: what each block is made of, its transactions unsigned. */
export interface Sequence {
  readonly seed: number
  readonly scene: string
  /** σ_h is a real BLS signature: one sequence in a hundred. */
  readonly isReal: boolean
  readonly blocks: PlannedBlock[]
}

export interface PlannedBlock {
  readonly header: PlannedHeader
  readonly drafts: Draft[]
}

export interface PlannedHeader {
  readonly timeStepMs: bigint
  /** Consensus address, hex. */
  readonly proposer: string
  readonly lastCommit?: LastCommit
  readonly misbehaviour?: readonly Misbehaviour[]
}

/** The next block of this machine. */
export function blockOf(
  machine: Machine,
  {
    header,
    isReal,
    timeMs,
    txs,
  }: {
    readonly header: PlannedHeader
    readonly isReal: boolean
    readonly timeMs: bigint
    readonly txs: readonly Uint8Array[]
  },
): BlockInput {
  const { app } = machine
  const height = app.info().height + 1n
  const message = app.randomnessMessage(height)
  const validator = theCast().validator(header.proposer)
  if (validator === undefined) {
    throw new Error(`no validator ${header.proposer}`)
  }
  const signature = isReal ? realRandomness(validator.secret, message) : cheapRandomness(message)
  const { lastCommit, misbehaviour } = header
  return {
    height,
    timeMs,
    hash: sha256(utf8(`block ${height} of ${timeMs}`)),
    proposer: validator.address,
    txs: [encodeRandomnessTx(signature), ...txs],
    ...(lastCommit === undefined || height === 1n ? {} : { lastCommit }),
    ...(misbehaviour === undefined ? {} : { misbehaviour }),
  }
}

let newest: { readonly message: Uint8Array; readonly secret: Uint8Array; readonly signature: Uint8Array } | undefined

function realRandomness(secret: Uint8Array, message: Uint8Array): Uint8Array {
  if (newest?.message !== message || newest.secret !== secret) {
    newest = { message, secret, signature: blsSign(secret, message) }
  }
  return newest.signature
}

/** Everything that another run of the same block must have alike. */
export function resultLine({ code, codespace, log, data, gasWanted, gasUsed, events }: TxResult): string {
  return JSON.stringify([code, codespace, log, [...data], String(gasWanted), String(gasUsed), events])
}

import type { TxResult } from '../../../src/chain/application.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { LOCAL_CHAIN_ID } from '../../../src/protocol/params.ts'
import type { Actor } from '../chain/chain-harness.ts'
import { signTx } from '../chain/chain-harness.ts'
import type { Sign } from './cheap-signing.ts'

/**
 * A transaction before it is signed. Its sequence is told relative to the one that is due, so that a sequence of transactions
 * still makes sense when some of them are left out.
 */
export interface Draft {
  readonly actor: Actor
  readonly messages: readonly TypedMessage[]
  /** utail; the least that its messages cost where it is absent. */
  readonly fee?: bigint
  /** Away from the sequence that is due. */
  readonly ahead?: bigint
  readonly timeoutHeight?: bigint
  readonly chainId?: string
  /** Signs in place of the actor. */
  readonly forger?: Actor
  /** Another key than the signer's in the transaction. */
  readonly publicKey?: Uint8Array
  readonly feeDenom?: string
  /** These very bytes, whatever the rest says: sent before, or damaged. */
  readonly bytes?: Uint8Array
  /** What was made wrong on purpose; absent where the transaction should succeed. */
  readonly bend?: string
  /** Told how it went, while sequences are made: what its maker has to remember. Not part of the transaction. */
  readonly told?: (result: TxResult) => void
}

export interface DraftContext {
  readonly sign: Sign
  readonly sequence: bigint
  readonly feePerMessage: bigint
  isDuty(message: TypedMessage): boolean
}

export function encodeDraft(draft: Draft, { sign, sequence, feePerMessage, isDuty }: DraftContext): Uint8Array {
  if (draft.bytes !== undefined) {
    return draft.bytes
  }
  const priced = draft.messages.filter((message) => !isDuty(message)).length
  const fee = draft.fee ?? BigInt(priced) * feePerMessage
  const due = sequence + (draft.ahead ?? 0n)
  return signTx(draft.actor, draft.messages, {
    sequence: due < 0n ? 0n : due,
    ...(fee === 0n ? {} : { fee }),
    ...(draft.timeoutHeight === undefined ? {} : { timeoutHeight: draft.timeoutHeight }),
    ...(draft.publicKey === undefined ? {} : { publicKey: draft.publicKey }),
    ...(draft.feeDenom === undefined ? {} : { feeDenom: draft.feeDenom }),
    chainId: draft.chainId ?? LOCAL_CHAIN_ID,
    sign: (document) => sign(draft.forger ?? draft.actor, document),
  })
}

import { equalBytes } from '../lib/bytes.ts'
import { BLS_SIGNATURE_BYTES, blsVerify, randomnessMessage } from '../protocol/randomness.ts'
import { decodeRandomnessTx } from '../protocol/tx.ts'
import type { BlockInput, StateStore } from './application.ts'
import { BLOCK_LIMITS } from './application.ts'
import { findStatus, readValidator } from './state/chain-status.ts'

/** σ_h of a block that may be executed on this state, or why it may not. */
export type BlockVerdict = { readonly signature: Uint8Array } | { readonly violation: string }

export type SignatureCheck = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** A BLS verification costs 30 ms, and a block is judged when proposed and again when executed: the last answer is kept. */
export function createSignatureMemo(): SignatureCheck {
  let asked: readonly Uint8Array[] = []
  let answer = false
  return (...parts) => {
    const isSame = asked.length === parts.length && asked.every((part, at) => equalBytes(part, parts[at] ?? part))
    if (!isSame) {
      answer = blsVerify(...parts)
      asked = parts.map((part) => part.slice())
    }
    return answer
  }
}

/** The rules that need no execution: next height, size, count, and the proposer's signature first. */
export function judgeBlock(store: StateStore, input: BlockInput, verify: SignatureCheck = blsVerify): BlockVerdict {
  const status = findStatus(store)
  const [first] = input.txs
  if (status === undefined || first === undefined) {
    return { violation: status === undefined ? 'no genesis' : 'no transaction carries the randomness' }
  }
  if (input.height !== status.height + 1n) {
    return { violation: `the next height is ${status.height + 1n}` }
  }
  if (input.txs.length > BLOCK_LIMITS.transactions || totalBytes(input.txs) > BLOCK_LIMITS.bytes) {
    return { violation: 'too many transactions or bytes' }
  }
  const signature = decodeRandomnessTx(first)
  const validator = readValidator(store, input.proposer)
  if (signature === undefined || signature.length !== BLS_SIGNATURE_BYTES || validator === undefined) {
    return { violation: 'the first transaction is not the randomness of a validator' }
  }
  const message = randomnessMessage(status.chainId, input.height, status.randomness)
  return verify(validator.blsPublicKey, message, signature)
    ? { signature }
    : { violation: 'the randomness signature is not valid' }
}

function totalBytes(txs: readonly Uint8Array[]): number {
  return txs.reduce((sum, tx) => sum + tx.length, 0)
}

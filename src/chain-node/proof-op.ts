/**
 * A proof of one key of the state as CometBFT's ProofOps carry it: one op of type `tailrace:smt`, its key the state's key, its
 * data JSON of the StateProof with byte strings in base64. It is checked by chain/state-tree.ts:verifyStateProof against the
 * app hash of the answer's height, which the header of the next block holds.
 */
import { z } from 'zod'
import type { StateProof } from '../chain/application.ts'
import { equalBytes, utf8 } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { bytesFromBase64, toBase64 } from './base64.ts'

export const PROOF_OP_TYPE = 'tailrace:smt'

export interface ProofOp {
  readonly type: string
  readonly key: Uint8Array
  readonly data: Uint8Array
}

/** A key, a value and one sibling for each of at most 256 levels. */
const MAX_PROOF_BYTES = 2 * 1024 * 1024
const MAX_SIBLINGS = 256

const bytes = z.string().transform(bytesFromBase64)
const proofSchema = z.object({
  key: bytes,
  value: bytes.optional(),
  siblings: z.array(bytes).max(MAX_SIBLINGS),
  otherLeaf: z.object({ keyHash: bytes, valueHash: bytes }).optional(),
})

export function encodeProofOp(proof: StateProof): ProofOp {
  const json = JSON.stringify(proof, (_key, value: unknown) => (value instanceof Uint8Array ? toBase64(value) : value))
  return { type: PROOF_OP_TYPE, key: proof.key, data: utf8(json) }
}

/** @throws CodedError `malformed_proof`. A proof that decodes is not verified yet. */
export function decodeProofOp(op: ProofOp): StateProof {
  if (op.type !== PROOF_OP_TYPE || op.data.length > MAX_PROOF_BYTES) {
    throw new CodedError('malformed_proof', `a proof is one op of ${PROOF_OP_TYPE}`)
  }
  try {
    const { key, value, siblings, otherLeaf } = proofSchema.parse(JSON.parse(new TextDecoder().decode(op.data)))
    if (!equalBytes(key, op.key)) {
      throw new CodedError('malformed_proof', 'the op is of another key than its proof')
    }
    return { key, value, siblings, ...(otherLeaf === undefined ? {} : { otherLeaf }) }
  } catch (cause) {
    throw new CodedError('malformed_proof', 'the proof cannot be decoded', { cause })
  }
}

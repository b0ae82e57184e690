import { createSignatureVerifier } from '../../src/chain-node/native-signature.ts'
import { verifyBytes } from '../../src/protocol/signature.ts'
import { rightSignatures, signatureCase } from '../../test/support/chain/signature-cases.ts'
import { cpuMs } from './cpu-clock.ts'

/** Two libraries asked the same, right and bent. */
export interface SignatureComparison {
  readonly cases: number
  readonly accepted: number
  /** Cases in which they do not agree; each one would split a network. */
  readonly different: number
  readonly nativeUs: number
  readonly nobleUs: number
}

/** Only right signatures count for the times: a bent one is often refused at a look. */
export function compareSignatures(cases: number): SignatureComparison {
  const verifyNatively = createSignatureVerifier()
  const right = rightSignatures(Math.min(cases, 200))
  let [accepted, different, nativeMs, nobleMs] = [0, 0, 0, 0]
  for (let at = 0; at < cases; at++) {
    const { publicKey, message, signature } = signatureCase(at, right)
    const startMs = cpuMs()
    const native = verifyNatively(publicKey, message, signature)
    const middleMs = cpuMs()
    const noble = verifyBytes(publicKey, message, signature)
    different += native === noble ? 0 : 1
    if (noble) {
      accepted += 1
      nativeMs += middleMs - startMs
      nobleMs += cpuMs() - middleMs
    }
  }
  return { cases, accepted, different, nativeUs: (1_000 * nativeMs) / accepted, nobleUs: (1_000 * nobleMs) / accepted }
}

import { expect, test } from 'vitest'
import { rightSignatures, signatureCase } from '../../test/support/chain/signature-cases.ts'
import { toHex } from '../lib/bytes.ts'
import { verifyBytes } from '../protocol/signature.ts'
import { createSignatureVerifier } from './native-signature.ts'

// bench:chain compares a hundred thousand; here so many that every kind of bend comes.
const CASES = 600

test('this runtime has the curve, and its answers are noble’s for right and for bent signatures', () => {
  const verify = createSignatureVerifier()
  expect(verify).not.toBe(verifyBytes)
  const right = rightSignatures(20)
  let accepted = 0
  for (let at = 0; at < CASES; at++) {
    const { publicKey, message, signature } = signatureCase(at, right)
    const answer = verify(publicKey, message, signature)
    const name = [publicKey, message, signature].map(toHex).join()
    expect(answer, name).toBe(verifyBytes(publicKey, message, signature))
    accepted += answer ? 1 : 0
  }
  expect(accepted).toBeGreaterThan(CASES / 8)
  expect(accepted).toBeLessThan(CASES / 2)
})

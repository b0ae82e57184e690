import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyMerkleProof } from '../../lib/merkle.ts'
import { decodeAddress, encodeAddress } from '../../protocol/address.ts'
import { sha256 } from '../../protocol/hash.ts'
import { MESSAGE_LIMITS } from '../../protocol/messages.ts'
import { encodeVerificationLeaf } from '../../protocol/verification.ts'
import type { CheckedFind } from './verification-report.ts'
import { createVerificationReport } from './verification-report.ts'

const HOSTS = [1, 2, 3].map((byte) => encodeAddress(new Uint8Array(20).fill(byte)))

function findOf(host: string | undefined, nonce: number, isFind: boolean): CheckedFind {
  return { host: host as string, nonce: BigInt(nonce), digest: sha256(Uint8Array.of(nonce)), isFind }
}

describe('a verification report', () => {
  it('opens any of its leaves with a proof against its root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (size, seed) => {
        const finds = Array.from({ length: size }, (_, index) => findOf(HOSTS[index % 3], index, true))
        const report = createVerificationReport(finds)
        const index = seed % size
        const [opening] = report.open([index])
        const find = finds[index] as CheckedFind
        const leaf = encodeVerificationLeaf({ host: decodeAddress(find.host), nonce: find.nonce }, find.digest)
        expect(verifyMerkleProof(report.root, leaf, index, size, opening?.path ?? [], sha256)).toBe(true)
      }),
    )
  })

  it('names two wrong finds of each cheat before more of any', () => {
    const finds = [
      ...Array.from({ length: 600 }, (_, index) => findOf(HOSTS[0], index, false)),
      ...Array.from({ length: 3 }, (_, index) => findOf(HOSTS[1], index, false)),
      findOf(HOSTS[2], 0, true),
    ]
    const { mismatches } = createVerificationReport(finds)
    expect(mismatches).toHaveLength(MESSAGE_LIMITS.mismatchesPerReport)
    expect(mismatches.filter(({ host }) => host === HOSTS[1])).toHaveLength(3)
    expect(mismatches.some(({ host }) => host === HOSTS[2])).toBe(false)
  })

  it('leaves out indices that it does not have', () => {
    expect(createVerificationReport([findOf(HOSTS[0], 1, true)]).open([1, 5])).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { actorNamed, hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { registerValidator, validatorNamed } from '../../../test/support/chain/validator-actor.ts'
import { toHex, u64be } from '../../lib/bytes.ts'
import { sha256 } from '../hash.ts'
import { LOCAL_CHAIN_ID } from '../params.ts'
import type { CarrierDraw } from './validator.ts'
import { createCarrierDraw, signValidatorRegistration, verifyValidatorRegistration } from './validator.ts'

const key = validatorNamed('ada')
const registration = {
  chainId: LOCAL_CHAIN_ID,
  owner: actorNamed('ada').address,
  blsPublicKey: key.blsPublicKey,
  nodePublicKey: key.node.publicKey,
}
const signature = signValidatorRegistration(registration, key.consensusSecret)

describe('the signature of a consensus key', () => {
  it('holds for the very keys, owner and chain that it names', () => {
    expect(verifyValidatorRegistration(registration, key.consensusKey, signature)).toBe(true)
    const other = validatorNamed('bob')
    const wrong = [
      { ...registration, chainId: 'tailrace-1' },
      { ...registration, owner: actorNamed('bob').address },
      { ...registration, blsPublicKey: other.blsPublicKey },
      { ...registration, nodePublicKey: other.node.publicKey },
    ]
    expect(wrong.map((one) => verifyValidatorRegistration(one, key.consensusKey, signature))).toEqual(
      wrong.map(() => false),
    )
    expect(verifyValidatorRegistration(registration, other.consensusKey, signature)).toBe(false)
  })

  it('is refused, and nothing thrown, where key or signature are no such bytes', () => {
    // The neutral point: under a lenient verification it has a signature for every message.
    const neutral = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
    const forged = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0))
    expect(verifyValidatorRegistration(registration, neutral, forged)).toBe(false)
    expect(verifyValidatorRegistration(registration, new Uint8Array(32).fill(255), signature)).toBe(false)
    expect(verifyValidatorRegistration(registration, new Uint8Array(5), signature)).toBe(false)
    expect(verifyValidatorRegistration(registration, key.consensusKey, new Uint8Array(0))).toBe(false)
    expect(registerValidator(hostNamed('ada'), key).typeUrl).toBe('/tailrace.v1.MsgRegisterValidator')
  })
})

describe('the draw of a carrier', () => {
  const addresses = [1, 2, 3].map((byte) => new Uint8Array(20).fill(byte))
  const host = new Uint8Array(20)

  /** Keys that carry 0, 100 and 300 of the 400 that there are. */
  function loaded(seed: number): CarrierDraw {
    const draw = createCarrierDraw(sha256(u64be(BigInt(seed))), 0n, addresses, 400n)
    draw.carry(new Uint8Array(20).fill(2), 100n)
    draw.carry(new Uint8Array(20).fill(3), 300n)
    draw.carry(new Uint8Array(20).fill(9), 1_000_000n)
    return draw
  }

  it('is a function of randomness, epoch, host and what each carries', () => {
    expect(loaded(1).draw(host)).toEqual(loaded(1).draw(host))
    const drawn = Array.from({ length: 20 }, (_, byte) => toHex(loaded(1).draw(new Uint8Array(20).fill(byte)) ?? host))
    expect(new Set(drawn).size).toBeGreaterThan(1)
    expect(createCarrierDraw(sha256(host), 0n, [], 0n).draw(host)).toBeUndefined()
  })

  it('prefers who carries less: chances go as 1 / (carried + the mean)', () => {
    const counts = new Map<number, number>()
    for (let seed = 0; seed < 4_000; seed++) {
      const byte = loaded(seed).draw(host)?.[0] ?? 0
      counts.set(byte, (counts.get(byte) ?? 0) + 1)
    }
    // The mean is 134: 1/134, 1/234 and 1/434 are 53, 30 and 16 in a hundred.
    expect([1, 2, 3].map((byte) => Math.round((counts.get(byte) ?? 0) / 400))).toEqual([5, 3, 2])
  })
})

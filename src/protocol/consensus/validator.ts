/**
 * Consensus keys of hosts: what a key signs when it is registered, and how R gives a host without a key to one that carries its
 * weight. Pure functions that the chain, nodes and tests compute alike. Rules: docs/decisions/0020-consensus-power.md.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { toHex, u64be, utf8 } from '../../lib/bytes.ts'
import { createDrawStream } from '../draw.ts'
import { taggedBytes, taggedHash } from '../hash.ts'

export const VALIDATOR_LIMITS = {
  /** Keys that are registered and not replaced. */
  candidates: 200,
  /** Records of one host: the key in force and those that were replaced and could still be shown to have broken consensus. */
  keysOfHost: 3,
  /** Blocks for which a replaced key is remembered: CometBFT takes no evidence that is older (genesis-file.ts). */
  evidenceBlocks: 100_000,
  /** App hashes of so many heights are kept, so a heartbeat is at most as old. */
  appHashes: 100,
  upgradeNameCharacters: 256,
} as const

export const CONSENSUS_SIGNATURE_BYTES = 64

export interface ValidatorRegistration {
  readonly chainId: string
  /** Owner address, text. */
  readonly owner: string
  readonly blsPublicKey: Uint8Array
  readonly nodePublicKey: Uint8Array
}

/** What the consensus key signs: nobody can bring a key that it does not hold, nor other keys under it. */
export function validatorRegistrationBytes(registration: ValidatorRegistration): Uint8Array {
  const { chainId, owner, blsPublicKey, nodePublicKey } = registration
  return taggedBytes('tailrace/register-validator/1', utf8(chainId), utf8(owner), blsPublicKey, nodePublicKey)
}

/** Ed25519 (RFC 8032) over `validatorRegistrationBytes`; 64 bytes. */
export function signValidatorRegistration(
  registration: ValidatorRegistration,
  consensusSecret: Uint8Array,
): Uint8Array {
  return ed25519.sign(validatorRegistrationBytes(registration), consensusSecret)
}

/** False for malformed keys and signatures; never throws. Strict: no key or point of small order. */
export function verifyValidatorRegistration(
  registration: ValidatorRegistration,
  consensusPublicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const message = validatorRegistrationBytes(registration)
    return ed25519.verify(signature, message, consensusPublicKey, { zip215: false })
  } catch {
    // Bytes that are no point of the curve.
    return false
  }
}

/** Draws carriers for one host after the other; what is drawn, and what `carry` adds, makes the next draw less likely. */
export interface CarrierDraw {
  /** Address of the key that shall carry this host's weight. Undefined where there are no carriers. */
  draw(host: Uint8Array): Uint8Array | undefined
  /** A key that may not be drawn is passed over. */
  carry(carrier: Uint8Array, weight: bigint): void
}

/** Scale of the weights of this draw: they are ratios. */
const CARRIER_SCALE = 1n << 64n

/**
 * Chances go in inverse proportion to what a key carries already plus the mean of `toCarry`, all weight that is or will be carried:
 * so a key without any is preferred, and not certain. `carriers` in address order.
 */
export function createCarrierDraw(
  randomness: Uint8Array,
  epoch: bigint,
  carriers: readonly Uint8Array[],
  toCarry: bigint,
): CarrierDraw {
  const mean = carriers.length === 0 ? 1n : toCarry / BigInt(carriers.length) + 1n
  const places = new Map(carriers.map((address, place) => [toHex(address), place]))
  const carried = carriers.map(() => 0n)
  const weights = carriers.map(() => CARRIER_SCALE)
  let total = CARRIER_SCALE * BigInt(carriers.length)
  return {
    draw(host) {
      if (carriers.length === 0) {
        return undefined
      }
      const seed = taggedHash('tailrace/draw/carrier/1', randomness, u64be(epoch), host)
      let point = createDrawStream(seed).below(total)
      let place = 0
      while (point >= (weights[place] as bigint)) {
        point -= weights[place] as bigint
        place += 1
      }
      return carriers[place]
    },
    carry(carrier, weight) {
      const place = places.get(toHex(carrier))
      if (place !== undefined) {
        const sum = (carried[place] as bigint) + weight
        const next = (CARRIER_SCALE * mean) / (sum + mean) + 1n
        carried[place] = sum
        total += next - (weights[place] as bigint)
        weights[place] = next
      }
    },
  }
}

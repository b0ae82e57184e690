import { concatBytes, equalBytes, u64be, utf8 } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { readWord, sha256, sha256Midstate } from '../lib/sha256.ts'
import type { RaceShape } from './shapes.ts'

/** How the epoch seed and the host enter the pass: Philox keys and the first block of the digest. Bytes in docs/race.md. */

const WEIGHT_DOMAIN = 'tailrace/race/weights/1'
const INPUT_DOMAIN = 'tailrace/race/input/1'
/** 12 bytes, so that domain, seed (32) and host (20) fill the first SHA-256 block exactly. */
const DIGEST_DOMAIN = 'tail/digest1'

export const SEED_BYTES = 32
export const HOST_BYTES = 20
export const DIGEST_BYTES = 32

/** A Philox key of 64 bits, and 32 more bits (`lane`) that enter as the last counter word. All int32. */
export interface PhiloxStream {
  readonly key0: number
  readonly key1: number
  readonly lane: number
}

export function weightStream(shape: RaceShape, epochSeed: Uint8Array): PhiloxStream {
  return streamOf(concatBytes(utf8(`${WEIGHT_DOMAIN}\0${shape.name}\0`), epochSeed))
}

/**
 * Inputs of one host. 96 keyed bits rather than 64: two hosts with one stream would share every pass, and finding such a
 * pair among 2^32 addresses would be within reach.
 */
export function inputStream(shape: RaceShape, epochSeed: Uint8Array, host: Uint8Array): PhiloxStream {
  return streamOf(concatBytes(utf8(`${INPUT_DOMAIN}\0${shape.name}\0`), epochSeed, host))
}

/** SHA-256 state after domain ‖ epoch seed ‖ host: the start of every digest of that host. */
export function digestMidstate(epochSeed: Uint8Array, host: Uint8Array): Int32Array {
  return sha256Midstate(concatBytes(utf8(DIGEST_DOMAIN), epochSeed, host))
}

/** What all attempts of one host share. */
export interface HostKeys {
  readonly host: Uint8Array
  readonly stream: PhiloxStream
  readonly midstate: Int32Array
}

/** Keys by host; those of the host asked for last are kept, as attempts come in runs of one. @throws CodedError `invalid_host`. */
export function createHostKeys(shape: RaceShape, epochSeed: Uint8Array): (host: Uint8Array) => HostKeys {
  let cached: HostKeys | undefined
  return (host) => {
    if (cached === undefined || !equalBytes(cached.host, host)) {
      if (host.length !== HOST_BYTES) {
        throw new CodedError('invalid_host', 'a host address has 20 bytes', { fields: { bytes: host.length } })
      }
      const copy = Uint8Array.from(host)
      cached = {
        host: copy,
        stream: inputStream(shape, epochSeed, copy),
        midstate: digestMidstate(epochSeed, copy),
      }
    }
    return cached
  }
}

/** @throws CodedError `invalid_nonce` unless it is an unsigned 64-bit integer. */
export function checkNonce(nonce: bigint): bigint {
  if (nonce < 0n || nonce >> 64n !== 0n) {
    throw new CodedError('invalid_nonce', 'a nonce is an unsigned 64-bit integer')
  }
  return nonce
}

/** The whole digest by its definition, for tests and as the specification: the oracle gets the same from the midstate. */
export function digestOf(epochSeed: Uint8Array, host: Uint8Array, nonce: bigint, state: Int32Array): Uint8Array {
  const stateBytes = new Uint8Array(state.length << 1)
  for (let i = 0; i < state.length; i++) {
    stateBytes[i << 1] = (state[i] as number) >> 8
    stateBytes[(i << 1) + 1] = state[i] as number
  }
  return sha256(concatBytes(utf8(DIGEST_DOMAIN), epochSeed, host, u64be(nonce), stateBytes))
}

function streamOf(material: Uint8Array): PhiloxStream {
  const hash = sha256(material)
  return { key0: readWord(hash, 0), key1: readWord(hash, 4), lane: readWord(hash, 8) }
}

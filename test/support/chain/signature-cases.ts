import { concatBytes, fromHex, u32be, utf8 } from '../../../src/lib/bytes.ts'
import { sha256 } from '../../../src/lib/sha256.ts'
import { publicKeyOf, signBytes } from '../../../src/protocol/signature.ts'

/** One question to a verifier of signatures. */
export interface SignatureCase {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const FIELD = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn
/** Where two libraries might part: the ends of the ranges, and what only one of them would reduce. */
const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, (ORDER - 1n) / 2n, (ORDER + 1n) / 2n],
  ...[FIELD - 1n, FIELD, FIELD + 1n, FIELD - ORDER, (1n << 256n) - 1n, 1n << 255n],
]

/** Right signatures (one in four), and all ways to bend them; the same for the same number. */
export function signatureCase(at: number, right: readonly SignatureCase[]): SignatureCase {
  const seed = sha256(concatBytes(utf8('signature case'), u32be(at)))
  const pick = (byte: number, count: number): number => (seed[byte] as number) % count
  const base = right[pick(0, right.length)] as SignatureCase
  const other = right[pick(1, right.length)] as SignatureCase
  const { publicKey, message, signature } = base
  const edge = numberBytes(EDGES[pick(2, EDGES.length)] as bigint)
  switch (pick(3, 16)) {
    case 0:
      return { publicKey, message, signature: flip(signature, seed) }
    case 1:
      return { publicKey: flip(publicKey, seed), message, signature }
    case 2:
      return { publicKey, message: flip(message, seed), signature }
    case 3:
      return { publicKey, message, signature: concatBytes(edge, signature.subarray(32)) }
    case 4:
      return { publicKey, message, signature: concatBytes(signature.subarray(0, 32), edge) }
    case 5:
      return { publicKey, message, signature: highS(signature) }
    case 6:
      return { publicKey: concatBytes(Uint8Array.of(pick(4, 8)), edge), message, signature }
    case 7:
      return { publicKey: concatBytes(Uint8Array.of(2 + pick(4, 2)), seed), message, signature }
    case 8:
      return { publicKey, message, signature: concatBytes(seed, sha256(seed)) }
    case 9:
      return { publicKey: other.publicKey, message, signature: other.signature }
    case 10:
      return { publicKey, message, signature: resize(signature, pick(4, 130)) }
    case 11:
      return { publicKey: resize(publicKey, pick(4, 70)), message, signature }
    default:
      return base
  }
}

/** Signed for real, each with a key of its own. */
export function rightSignatures(count: number): SignatureCase[] {
  return Array.from({ length: count }, (_, at) => {
    const secret = sha256(u32be(at))
    const message = new Uint8Array(at % 90).fill(at)
    return { publicKey: publicKeyOf(secret), message, signature: signBytes(secret, message) }
  })
}

function flip(bytes: Uint8Array, seed: Uint8Array): Uint8Array {
  const bent = bytes.slice()
  if (bent.length > 0) {
    const at = (seed[5] as number) % bent.length
    bent[at] = (bent[at] as number) ^ (1 << ((seed[6] as number) % 8))
  }
  return bent
}

/** The same signature with the other s: right in most libraries, refused here. */
function highS(signature: Uint8Array): Uint8Array {
  const s = signature.subarray(32).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return concatBytes(signature.subarray(0, 32), numberBytes(ORDER - s))
}

function resize(bytes: Uint8Array, length: number): Uint8Array {
  const sized = new Uint8Array(length)
  sized.set(bytes.subarray(0, length))
  return sized
}

function numberBytes(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'))
}

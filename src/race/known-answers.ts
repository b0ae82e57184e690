import { concatBytes, fromHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sha256 } from '../lib/sha256.ts'
import type { ShapeName } from './shapes.ts'

/** Digests that every implementation must give before it may race: a few of test/vectors/race-*.json, shipped with the code. */
export interface KnownAttempt {
  readonly host: Uint8Array
  readonly nonce: bigint
  readonly digest: Uint8Array
}

export interface KnownAnswers {
  readonly shape: ShapeName
  readonly epochSeed: Uint8Array
  readonly attempts: readonly KnownAttempt[]
}

const SEED = '9a31d7f06f7863b456c43fdd376358babc541ab791ee9f0258052e579e020484'
const HOST_0 = 'b6556b66be82ac49b086e50a1343c81b1b7c7925'
const HOST_1 = 'a18586e31019a92e2ec2ff76dc0d3485a1c0f5fd'

/** Answers of a shape; those of `std` cost a large model, so there is one. */
export function knownAnswers(shape: ShapeName): KnownAnswers {
  switch (shape) {
    case 'dev':
      return answersOf('dev', [
        [HOST_0, 0n, '3f5da6200d77ab7f6fa95490b1dc095ba64f26b4b06506cf792faca6b5360450'],
        [HOST_0, 4294967296n, '5ecd9f2290f5a59b684389b561b5a41e18c8278f9f0bcc5b527b0e0f627929da'],
        [HOST_0, 81985529216486895n, '77abf992f9a2e5787a346f107a0309485e96a91f5eaaf2b377fa1fa762aa9b7a'],
        [HOST_1, 4294967295n, '53323a2fdf37f265a3c7f8a01843268a12cfb9e97d4ea239a12d164aacf839d0'],
        [HOST_1, 18446744073709551615n, '0409d15401f1e1c5b3a27302fb8359a1597a9a6b2ce2671c6a9adad22c29ce05'],
      ])
    case 'std':
      return answersOf('std', [[HOST_0, 0n, '018078eee52d9cbb22c9b7445f5512716e3b1b1010f8c4ac03166b5f7df10507']])
  }
}

/** SHA-256 over the digests that an implementation gave for `attempts`, in order: what a host attests. */
export function conformanceDigest(digests: readonly Uint8Array[]): Uint8Array {
  if (digests.some((digest) => digest.length !== 32)) {
    throw new CodedError('invalid_digest', 'a digest has 32 bytes')
  }
  return sha256(concatBytes(...digests))
}

function answersOf(shape: ShapeName, attempts: readonly (readonly [string, bigint, string])[]): KnownAnswers {
  return {
    shape,
    epochSeed: fromHex(SEED),
    attempts: attempts.map(([host, nonce, digest]) => ({ host: fromHex(host), nonce, digest: fromHex(digest) })),
  }
}

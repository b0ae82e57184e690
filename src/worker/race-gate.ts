import { equalBytes, toHex } from '../lib/bytes.ts'
import { conformanceDigest, knownAnswers } from '../race/known-answers.ts'
import type { RaceModel } from '../race/model.ts'
import { createOracle } from '../race/oracle.ts'
import type { ShapeName } from '../race/shapes.ts'
import type { RaceBackend } from './race-engine.ts'
import { EVERY_DIGEST } from './race-engine.ts'

/** The gate before a race: known answers through the real kernels. A backend that differs may not race. */
export interface GateVerdict {
  readonly conformant: boolean
  /** SHA-256 over the digests as this backend computed them. */
  readonly conformanceDigest: Uint8Array
  /** Names the known answer and the first stage that differs. */
  readonly firstDifference?: string
}

/** `backend` runs on the model of `knownAnswers(shape)` and is started. */
export async function checkKnownAnswers(backend: RaceBackend, shape: ShapeName): Promise<GateVerdict> {
  const digests: Uint8Array[] = []
  let firstDifference: string | undefined
  for (const [index, known] of knownAnswers(shape).attempts.entries()) {
    const batch = { host: known.host, target: EVERY_DIGEST, nonces: BigUint64Array.of(known.nonce) }
    const [found] = await backend.run(batch)
    const digest = found?.digest ?? new Uint8Array(32)
    digests.push(digest)
    if (firstDifference === undefined && !equalBytes(digest, known.digest)) {
      const stage = await firstDifferentStage(backend, backend.model, known.host, known.nonce)
      firstDifference = `${shape} known answer ${index}: ${stage}`
    }
  }
  return {
    conformant: firstDifference === undefined,
    conformanceDigest: conformanceDigest(digests),
    ...(firstDifference === undefined ? {} : { firstDifference }),
  }
}

/** Compares the backend's stages with the oracle's, in order. */
export async function firstDifferentStage(
  backend: RaceBackend,
  model: RaceModel,
  host: Uint8Array,
  nonce: bigint,
): Promise<string> {
  const expected = createOracle(model).trace(host, nonce)
  const actual = await backend.trace(host, nonce)
  for (const [index, { stage, bytes }] of expected.stages.entries()) {
    const seen = actual.stages[index]
    if (seen === undefined || seen.stage.name !== stage.name || seen.bytes.length !== bytes.length) {
      return `stage ${stage.name} is missing`
    }
    const at = bytes.findIndex((byte, position) => byte !== seen.bytes[position])
    if (at >= 0) {
      return `stage ${stage.name}, byte ${at}: ${seen.bytes[at]} instead of ${bytes[at]}`
    }
  }
  return equalBytes(expected.digest, actual.digest)
    ? 'the digest differed once and not when traced'
    : `digest ${toHex(actual.digest)} instead of ${toHex(expected.digest)}`
}

import { RANDOMNESS_DELAY } from '../../protocol/params.ts'
import { drawOpenings } from '../../protocol/verification.ts'
import type { EndContext } from '../context.ts'
import { rootRange } from '../state/keys.ts'
import { readVerification, verificationAddress, writeVerification } from '../state/verifications.ts'

/** Roots of block h − 2 are opened with R_h: the leaves were fixed before anybody knew which ones are looked at. */
export function drawDueOpenings(context: EndContext): void {
  const { store, params, randomness, height } = context
  const epoch = context.epoch.epoch
  if (height < RANDOMNESS_DELAY) {
    return
  }
  const { from, to } = rootRange(height - RANDOMNESS_DELAY)
  for (const [key] of store.range(from, to)) {
    store.delete(key)
    const { verifier, round } = verificationAddress(key)
    const duty = readVerification(store, epoch, round, verifier)
    if (duty?.state === 'committed') {
      const openingIndices = drawOpenings(params, randomness, BigInt(epoch), round, verifier, duty.leaves)
      writeVerification(store, epoch, round, verifier, { ...duty, state: 'opening', openingIndices })
    }
  }
}

/**
 * A host that claims more finds than it has: once a race of its own has counted, each reported find is followed by nonces that are none. Wraps
 * the compute port; the host around it is unchanged and believes what its device says.
 */
import type { ComputePort, RaceListener } from '../../../src/protocol/compute.ts'
import { createHonestRaces } from './honest-race.ts'

/** Invented nonces per real find. */
const FORGED_PER_FIND = 3n

export function forgeFinds(compute: ComputePort): ComputePort {
  const races = createHonestRaces()
  return {
    probe: (signal) => compute.probe(signal),
    check: (job, signal) => compute.check(job, signal),
    findOne: (job, signal) => compute.findOne(job, signal),
    race(job, listener, signal) {
      const told = races.isOver(job) ? withForgedFinds(listener) : races.counting(job, listener)
      return compute.race(job, told, signal)
    },
  }
}

function withForgedFinds(listener: RaceListener): RaceListener {
  return {
    onFinds(nonces) {
      const claimed: bigint[] = []
      for (const [index, nonce] of nonces.entries()) {
        const next = nonces[index + 1] ?? nonce + FORGED_PER_FIND + 1n
        for (let forged = nonce; forged < next && forged <= nonce + FORGED_PER_FIND; forged++) {
          claimed.push(forged)
        }
      }
      listener.onFinds(claimed)
    },
    onProgress: (progress) => listener.onProgress(progress),
    onNotice: (code) => listener.onNotice(code),
  }
}

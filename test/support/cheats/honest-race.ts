/** A cheat is honest until a race of its own has counted: whoever has no weight has nothing to lose. */
import type { RaceJob, RaceListener } from '../../../src/protocol/compute.ts'

/** Comfortably more than the 20 finds that a race needs to count. */
const FINDS_THAT_COUNT = 30

export interface HonestRaces {
  /** Whether the cheating may begin with this race: an earlier one has counted. */
  isOver(job: Pick<RaceJob, 'epochSeed'>): boolean
  /** A listener that counts what the race finds. */
  counting(job: Pick<RaceJob, 'epochSeed'>, listener: RaceListener): RaceListener
}

export function createHonestRaces(): HonestRaces {
  const finds = new Map<string, number>()
  const nameOf = (job: Pick<RaceJob, 'epochSeed'>): string => job.epochSeed.join()
  return {
    isOver: (job) => [...finds].some(([race, count]) => race !== nameOf(job) && count >= FINDS_THAT_COUNT),
    counting: (job, listener) => ({
      onFinds(nonces) {
        finds.set(nameOf(job), (finds.get(nameOf(job)) ?? 0) + nonces.length)
        listener.onFinds(nonces)
      },
      onProgress: (progress) => listener.onProgress(progress),
      onNotice: (code) => listener.onNotice(code),
    }),
  }
}

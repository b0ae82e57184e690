/**
 * A compute port that races for the share of time that the person chose. A change takes effect at once: the run ends and goes on behind
 * its last find with the new share, and the host sees one race whose counts go on.
 */
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { ComputePort, RaceJob, RaceListener, RaceProgress } from '../../protocol/compute.ts'

export interface DutyWatch {
  /** Parts per million of the time. */
  readonly ppm: () => number
  /** Called after each change of any setting; returns the unsubscribe. */
  readonly onChange: (listener: () => void) => () => void
}

type Counts = Pick<RaceProgress, 'attempts' | 'finds' | 'faultyFinds'>

export function createDutyCompute(port: ComputePort, duty: DutyWatch): ComputePort {
  const within = (job: RaceJob): RaceJob => ({ ...job, dutyPpm: Math.min(job.dutyPpm, duty.ppm()) })
  return {
    ...(port.generation === undefined ? {} : { generation: () => port.generation?.() ?? 0 }),
    probe: (signal) => port.probe(signal),
    check: (job, signal) => port.check(job, signal),
    findOne: (job, signal) => port.findOne(within(job), signal),
    async race(job, listener, signal) {
      let nextNonce = job.startNonce
      let before: Counts = { attempts: 0, finds: 0, faultyFinds: 0 }
      for (;;) {
        const sum = (progress: RaceProgress): RaceProgress => ({ ...progress, ...added(before, progress) })
        const counting: RaceListener = {
          onFinds(nonces) {
            nextNonce = nonces.reduce((next, nonce) => (nonce >= next ? nonce + 1n : next), nextNonce)
            listener.onFinds(nonces)
          },
          onProgress: (progress) => listener.onProgress(sum(progress)),
          onNotice: (code) => listener.onNotice(code),
        }
        const run = watchDuty(duty, signal)
        try {
          const progress = sum(await port.race(within({ ...job, startNonce: nextNonce }), counting, run.signal))
          if (!run.hasChanged() || signal.aborted) {
            return progress
          }
          before = progress
        } finally {
          run.end()
        }
      }
    },
  }
}

function watchDuty(
  duty: DutyWatch,
  signal: AbortSignalLike,
): { readonly signal: AbortSignal; hasChanged(): boolean; end(): void } {
  const ended = new AbortController()
  const begunAt = duty.ppm()
  const unsubscribe = duty.onChange(() => duty.ppm() !== begunAt && ended.abort())
  const onAbort = (): void => ended.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) {
    onAbort()
  }
  return {
    signal: ended.signal,
    hasChanged: () => duty.ppm() !== begunAt,
    end() {
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    },
  }
}

function added(a: Counts, b: Counts): Counts {
  return { attempts: a.attempts + b.attempts, finds: a.finds + b.finds, faultyFinds: a.faultyFinds + b.faultyFinds }
}

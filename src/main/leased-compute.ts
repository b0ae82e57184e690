/**
 * The compute of the app's host: the page's worker while a tab holds the lease, else this process's own CPU worker at a small
 * duty. Work that a vanishing tab leaves behind goes on here, from the nonce it came to; when a tab comes back, the race here
 * ends so that the host looks for its backend again. Nothing that was reported is lost.
 */
import { errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Logger } from '../lib/runtime.ts'
import type { CheckJob, ComputePort, DeviceReport, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'

/** Whether a tab holds the compute lease (ipc/compute-relay.ts). */
export interface LeaseWatch {
  isHeld(): boolean
  /** Called after each change of the holder; returns the unsubscribe. */
  onChange(listener: () => void): () => void
}

export interface LeasedComputeOptions {
  /** The tab's compute; fails with code `compute_unavailable` while no tab holds the lease. */
  readonly leased: ComputePort
  readonly lease: LeaseWatch
  readonly fallback: ComputePort
  /** Share of the time that a race on the processor may use, here or in the tab, parts per million. */
  readonly cpuDutyPpm: number
  /** The same for a tab whose adapter is software: it takes the processor from everything else on this computer. */
  readonly softwareDutyPpm: number
  readonly logger: Logger
}

export function createLeasedCompute(options: LeasedComputeOptions): ComputePort {
  return new LeasedCompute(options)
}

class LeasedCompute implements ComputePort {
  readonly #options: LeasedComputeOptions
  #isSoftware = false
  #generation = 0

  constructor(options: LeasedComputeOptions) {
    this.#options = options
    options.lease.onChange(() => {
      this.#generation += 1
    })
  }

  generation(): number {
    return this.#generation
  }

  async probe(signal: AbortSignalLike): Promise<DeviceReport> {
    const report = await this.#withFallback((port) => port.probe(signal))
    this.#isSoftware = report.backends.some((backend) => backend.kind === 'webgpu' && backend.isSoftware)
    return report
  }

  check(job: CheckJob, signal: AbortSignalLike): Promise<readonly Uint8Array[]> {
    return this.#withFallback((port) => port.check(job, signal))
  }

  findOne(job: RaceJob, signal: AbortSignalLike): Promise<bigint> {
    return this.#withFallback((port) =>
      port.findOne(port === this.#options.fallback ? { ...job, backend: 'cpu' } : job, signal),
    )
  }

  race(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress> {
    let nextNonce = job.startNonce
    const tracking: RaceListener = {
      onFinds: (nonces) => {
        const last = nonces[nonces.length - 1]
        nextNonce = last === undefined ? nextNonce : last + 1n
        listener.onFinds(nonces)
      },
      onProgress: (progress) => listener.onProgress(progress),
      onNotice: (code) => {
        if (code === 'device_lost') {
          // Its successor may be another one, or have another driver: the host checks it anew when the race is over.
          this.#generation += 1
        }
        listener.onNotice(code)
      },
    }
    return this.#withFallback((port) => {
      if (port === this.#options.fallback) {
        return this.#raceHere({ ...job, startNonce: nextNonce }, tracking, signal)
      }
      return port.race({ ...job, dutyPpm: Math.min(job.dutyPpm, this.#mostDutyPpm(job)) }, tracking, signal)
    })
  }

  #mostDutyPpm(job: RaceJob): number {
    if (job.backend === 'cpu') {
      return this.#options.cpuDutyPpm
    }
    return this.#isSoftware ? this.#options.softwareDutyPpm : job.dutyPpm
  }

  /** Until the signal aborts or a tab takes the lease. */
  async #raceHere(job: RaceJob, listener: RaceListener, signal: AbortSignalLike): Promise<RaceProgress> {
    const { fallback, cpuDutyPpm, lease } = this.#options
    if (job.backend !== 'cpu') {
      listener.onNotice('racing_without_screen')
    }
    const ended = new AbortController()
    const end = (): void => ended.abort(signal.reason)
    const unsubscribe = lease.onChange(() => lease.isHeld() && end())
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) {
      end()
    }
    try {
      const dutyPpm = Math.min(job.dutyPpm, cpuDutyPpm)
      return await fallback.race({ ...job, backend: 'cpu', dutyPpm }, listener, ended.signal)
    } finally {
      unsubscribe()
      signal.removeEventListener('abort', end)
    }
  }

  async #withFallback<T>(run: (port: ComputePort) => Promise<T>): Promise<T> {
    const { leased, lease, fallback, logger } = this.#options
    if (!lease.isHeld()) {
      return run(fallback)
    }
    try {
      return await run(leased)
    } catch (error) {
      if (errorCode(error) !== 'compute_unavailable') {
        throw error
      }
      logger.log('warn', 'the computing tab went away, going on with this process')
      return run(fallback)
    }
  }
}

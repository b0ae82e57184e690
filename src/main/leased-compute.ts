/**
 * The compute of the app's host: the page's worker while a tab holds the lease, else this process's own CPU worker at a small
 * duty. Work that a vanishing tab leaves behind goes on here, from the nonce it came to; nothing that was reported is lost.
 */

import { errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Logger } from '../lib/runtime.ts'
import type { CheckJob, ComputePort, DeviceReport, RaceJob, RaceListener, RaceProgress } from '../protocol/compute.ts'

export interface LeasedComputeOptions {
  /** The tab's compute; fails with code `compute_unavailable` while no tab holds the lease. */
  readonly leased: ComputePort
  readonly isLeased: () => boolean
  readonly fallback: ComputePort
  /** Share of the time that the fallback may use, parts per million. */
  readonly fallbackDutyPpm: number
  /** The same for a tab whose adapter is software: it takes the processor from everything else on this computer. */
  readonly softwareDutyPpm: number
  readonly logger: Logger
}

export function createLeasedCompute(options: LeasedComputeOptions): ComputePort {
  const { leased, fallback, isLeased, logger } = options
  let isSoftware = false

  async function withFallback<T>(run: (port: ComputePort) => Promise<T>): Promise<T> {
    if (!isLeased()) {
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

  return {
    async probe(signal: AbortSignalLike): Promise<DeviceReport> {
      const report = await withFallback((port) => port.probe(signal))
      isSoftware = report.backends.some((backend) => backend.kind === 'webgpu' && backend.isSoftware)
      return report
    },
    check: (job: CheckJob, signal) => withFallback((port) => port.check(job, signal)),
    findOne: (job: RaceJob, signal) =>
      withFallback((port) => port.findOne(port === fallback ? { ...job, backend: 'cpu' } : job, signal)),
    async race(job: RaceJob, listener: RaceListener, signal): Promise<RaceProgress> {
      let nextNonce = job.startNonce
      const tracking: RaceListener = {
        onFinds: (nonces) => {
          const last = nonces[nonces.length - 1]
          nextNonce = last === undefined ? nextNonce : last + 1n
          listener.onFinds(nonces)
        },
        onProgress: (progress) => listener.onProgress(progress),
        onNotice: (code) => listener.onNotice(code),
      }
      return withFallback((port) => {
        if (port !== fallback) {
          const sharesProcessor = isSoftware || job.backend === 'cpu'
          const dutyPpm = sharesProcessor ? Math.min(job.dutyPpm, options.softwareDutyPpm) : job.dutyPpm
          return port.race({ ...job, dutyPpm }, tracking, signal)
        }
        const dutyPpm = Math.min(job.dutyPpm, options.fallbackDutyPpm)
        if (job.backend !== 'cpu') {
          listener.onNotice('racing_without_screen')
        }
        return port.race({ ...job, backend: 'cpu', dutyPpm, startNonce: nextNonce }, tracking, signal)
      })
    },
  }
}

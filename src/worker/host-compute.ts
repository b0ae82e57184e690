/**
 * A compute worker as the host's compute port sees it (host/ports.ts has the same shape; the composition roots assign one to
 * the other). Used by the page for its worker and by Node processes for theirs.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { ComputeClient } from './compute-client.ts'
import type { ComputeBackendReport, ComputeProgress, RequestBody } from './contract.ts'
import { MAX_NONCES } from './contract.ts'

type Shape = RequestBody<'probe'>['shape']
type BackendKind = ComputeBackendReport['kind']

export interface HostRaceJob {
  readonly shape: Shape
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
  readonly target: Uint8Array
  readonly startNonce: bigint
  readonly backend: BackendKind
  readonly dutyPpm: number
}

export interface HostCheckJob {
  readonly shape: Shape
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
  readonly nonces: readonly bigint[]
}

export type HostRaceProgress = Omit<ComputeProgress, 'raceId'>

export interface HostRaceListener {
  onFinds(nonces: readonly bigint[]): void
  onProgress(progress: HostRaceProgress): void
  onNotice(code: string): void
}

export interface HostBackendReport {
  readonly kind: BackendKind
  readonly adapter: string
  readonly isSoftware: boolean
  readonly conformant: boolean
  readonly firstDifference?: string
  readonly conformanceDigest: Uint8Array
  readonly attemptsPerSecond: number
}

export interface HostCompute {
  probe(signal: AbortSignal): Promise<{ readonly backends: readonly HostBackendReport[] }>
  race(job: HostRaceJob, listener: HostRaceListener, signal: AbortSignal): Promise<HostRaceProgress>
  check(job: HostCheckJob, signal: AbortSignal): Promise<readonly Uint8Array[]>
  findOne(job: HostRaceJob, signal: AbortSignal): Promise<bigint>
}

/** `probeShape`: the shape that the probe's vectors and rates are measured at. */
export function createHostCompute(client: ComputeClient, options: { readonly probeShape: Shape }): HostCompute {
  let races = 0
  return {
    async probe(signal) {
      const { backends } = await client.probe({ shape: options.probeShape }, signal)
      return { backends: backends.map(reportOf) }
    },
    async race(job, listener, signal) {
      races += 1
      const last = await client.race(
        { ...job, raceId: `race-${races}` },
        {
          onFinds: ({ nonces }) => listener.onFinds(nonces),
          onProgress: (progress) => listener.onProgress(progressOf(progress)),
          onFaultyFind: () => listener.onNotice('faulty_find'),
          onDeviceLost: () => listener.onNotice('device_lost'),
        },
        signal,
      )
      return progressOf(last)
    },
    async check(job, signal) {
      const digests: Uint8Array[] = []
      for (let from = 0; from < job.nonces.length; from += MAX_NONCES) {
        const nonces = job.nonces.slice(from, from + MAX_NONCES)
        const part = await client.verify({ ...job, nonces }, signal)
        if (part.digests.length !== nonces.length) {
          throw new CodedError('invalid_message', 'the worker answered another number of digests')
        }
        digests.push(...part.digests)
      }
      return digests
    },
    async findOne(job, signal) {
      const { shape, epochSeed, host, target, startNonce } = job
      return (await client.findOne({ shape, epochSeed, host, target, startNonce }, signal)).nonce
    },
  }
}

function progressOf({ raceId: _raceId, ...progress }: ComputeProgress): HostRaceProgress {
  return progress
}

function reportOf(report: ComputeBackendReport): HostBackendReport {
  const { vendor, architecture, description, isSoftware } = report.adapter
  const name = [description, vendor, architecture].filter((part) => part !== '').join(' · ')
  return {
    kind: report.kind,
    adapter: name.slice(0, 128),
    isSoftware,
    conformant: report.conformant,
    ...(report.firstDifference === undefined ? {} : { firstDifference: report.firstDifference }),
    conformanceDigest: report.conformanceDigest ?? new Uint8Array(32),
    attemptsPerSecond: report.attemptsPerSecond ?? 0,
  }
}

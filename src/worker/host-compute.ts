/**
 * A compute worker behind the host's compute port. Used by the page for its worker and by Node processes for theirs.
 */
import { CodedError } from '../lib/coded-error.ts'
import type { BackendReport, ComputePort, RaceProgress } from '../protocol/compute.ts'
import type { ShapeName } from '../protocol/params.ts'
import type { ComputeClient } from './compute-client.ts'
import type { ComputeBackendReport, ComputeProgress } from './contract.ts'
import { MAX_NONCES } from './contract.ts'

/** `probeShape`: the shape that the probe's vectors and rates are measured at. */
export function createHostCompute(client: ComputeClient, options: { readonly probeShape: ShapeName }): ComputePort {
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
          onMemoryShort: () => listener.onNotice('gpu_memory_short'),
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

function progressOf({ raceId: _raceId, ...progress }: ComputeProgress): RaceProgress {
  return progress
}

function reportOf(report: ComputeBackendReport): BackendReport {
  const { vendor, architecture, description, isSoftware, details } = report.adapter
  const name = [description, vendor, architecture].filter((part) => part !== '').join(' · ')
  return {
    kind: report.kind,
    adapter: name.slice(0, 128),
    isSoftware,
    conformant: report.conformant,
    ...(report.firstDifference === undefined ? {} : { firstDifference: report.firstDifference }),
    conformanceDigest: report.conformanceDigest ?? new Uint8Array(32),
    attemptsPerSecond: report.attemptsPerSecond ?? 0,
    ...(details === undefined ? {} : { details: { vendor, architecture, description, ...details } }),
  }
}

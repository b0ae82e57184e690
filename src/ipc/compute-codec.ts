/** Jobs and reports of the compute port to and from their wire form. Decoding takes values that their schema has accepted. */
import { fromHex, toHex } from '../lib/bytes.ts'
import type { CheckJob, DeviceReport, RaceJob } from '../protocol/compute.ts'
import type { CheckJobWire, RaceJobWire } from './compute-wire.ts'
import type { DeviceReportWire } from './snapshot.ts'

export function encodeRaceJob(job: RaceJob): RaceJobWire {
  return {
    shape: job.shape,
    epochSeed: toHex(job.epochSeed),
    host: toHex(job.host),
    target: toHex(job.target),
    startNonce: job.startNonce.toString(),
    backend: job.backend,
    dutyPpm: job.dutyPpm,
  }
}

export function decodeRaceJob(job: RaceJobWire): RaceJob {
  return {
    shape: job.shape,
    epochSeed: fromHex(job.epochSeed),
    host: fromHex(job.host),
    target: fromHex(job.target),
    startNonce: BigInt(job.startNonce),
    backend: job.backend,
    dutyPpm: job.dutyPpm,
  }
}

export function encodeCheckJob(job: CheckJob): CheckJobWire {
  return {
    shape: job.shape,
    epochSeed: toHex(job.epochSeed),
    host: toHex(job.host),
    nonces: job.nonces.map(String),
  }
}

export function decodeCheckJob(job: CheckJobWire): CheckJob {
  return {
    shape: job.shape,
    epochSeed: fromHex(job.epochSeed),
    host: fromHex(job.host),
    nonces: job.nonces.map(BigInt),
  }
}

export function encodeDeviceReport(report: DeviceReport): DeviceReportWire {
  return {
    backends: report.backends.map((backend) => {
      const { conformanceDigest, firstDifference, adapter, ...rest } = backend
      const wire = { ...rest, adapter: adapter.slice(0, 128), conformanceDigest: toHex(conformanceDigest) }
      return firstDifference === undefined ? wire : { ...wire, firstDifference: firstDifference.slice(0, 256) }
    }),
  }
}

export function decodeDeviceReport(report: DeviceReportWire): DeviceReport {
  return {
    backends: report.backends.map((backend) => {
      const { conformanceDigest, firstDifference, ...rest } = backend
      const decoded = { ...rest, conformanceDigest: fromHex(conformanceDigest) }
      return firstDifference === undefined ? decoded : { ...decoded, firstDifference }
    }),
  }
}

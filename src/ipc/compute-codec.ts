/** Jobs and reports of the compute port to and from their wire form. Decoding takes values that their schema has accepted. */
import { fromHex, toHex } from '../lib/bytes.ts'
import type { AdapterDetails, CheckJob, DeviceReport, RaceJob } from '../protocol/compute.ts'
import type { AdapterDetailsWire, DeviceReportWire } from './snapshot.ts'
import type { CheckJobWire, RaceJobWire } from './wires/compute-wire.ts'

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
      const { conformanceDigest, firstDifference, adapter, details, ...rest } = backend
      return {
        ...rest,
        adapter: adapter.slice(0, 128),
        conformanceDigest: toHex(conformanceDigest),
        ...(firstDifference === undefined ? {} : { firstDifference: firstDifference.slice(0, 256) }),
        ...(details === undefined ? {} : { details: encodeDetails(details) }),
      }
    }),
  }
}

function encodeDetails({ features, languageFeatures, limits, ...texts }: AdapterDetails): AdapterDetailsWire {
  const { vendor, architecture, device, description } = texts
  const cut = (text: string) => text.slice(0, 64)
  return {
    vendor: cut(vendor),
    architecture: cut(architecture),
    device: cut(device),
    description: cut(description),
    features: features.slice(0, 64).map(cut),
    languageFeatures: languageFeatures.slice(0, 64).map(cut),
    limits: limits.slice(0, 32).map(({ name, value }) => ({ name: cut(name), value })),
  }
}

export function decodeDeviceReport(report: DeviceReportWire): DeviceReport {
  return {
    backends: report.backends.map((backend) => {
      const { conformanceDigest, firstDifference, details, ...rest } = backend
      return {
        ...rest,
        conformanceDigest: fromHex(conformanceDigest),
        ...(firstDifference === undefined ? {} : { firstDifference }),
        ...(details === undefined ? {} : { details }),
      }
    }),
  }
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AdapterDetails, DeviceReport } from '../protocol/compute.ts'
import { decodeDeviceReport, encodeDeviceReport } from './compute-codec.ts'
import { deviceReportSchema } from './snapshot.ts'

const short = fc.string({ maxLength: 64 })
const details: fc.Arbitrary<AdapterDetails> = fc.record({
  vendor: short,
  architecture: short,
  device: short,
  description: short,
  features: fc.array(short, { maxLength: 64 }),
  languageFeatures: fc.array(short, { maxLength: 64 }),
  limits: fc.array(fc.record({ name: short, value: fc.maxSafeNat() }), { maxLength: 32 }),
})

function reportOf(own: AdapterDetails | undefined): DeviceReport {
  const backend = {
    kind: 'webgpu',
    adapter: 'a card',
    isSoftware: false,
    conformant: true,
    conformanceDigest: new Uint8Array(32).fill(7),
    attemptsPerSecond: 12.5,
  } as const
  return { backends: [own === undefined ? backend : { ...backend, details: own }] }
}

test('a device report comes over the wire as it was', () => {
  fc.assert(
    fc.property(fc.option(details, { nil: undefined }), (own) => {
      const report = reportOf(own)
      expect(decodeDeviceReport(deviceReportSchema.parse(encodeDeviceReport(report)))).toEqual(report)
    }),
  )
})

test('what an adapter says at length is cut to what a message holds', () => {
  const long = 'x'.repeat(5_000)
  const many = Array.from({ length: 500 }, () => long)
  const own: AdapterDetails = {
    vendor: long,
    architecture: long,
    device: long,
    description: long,
    features: many,
    languageFeatures: many,
    limits: many.map((name) => ({ name, value: 1 })),
  }
  expect(() => deviceReportSchema.parse(encodeDeviceReport(reportOf(own)))).not.toThrow()
})

/** A report whose every text is chosen by the caller: what a test puts secrets into. */
import type { ReportFacts } from '../../../src/main/logs/report.ts'
import { sampleReadings } from '../screen/sample-readings.ts'
import { idleSnapshot } from '../screen/sample-snapshot.ts'

export const REPORT_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

/** `next` is asked for each text. */
export function reportFactsOf(next: () => string): ReportFacts {
  const snapshot = idleSnapshot()
  const fields = (): Record<string, string | number | boolean> => ({ error: next(), detail: next(), [next()]: next() })
  return {
    atMs: REPORT_AT_MS,
    versions: { tailrace: next(), node: next(), electron: next() },
    platform: next(),
    chainId: next(),
    view: {
      phase: 'racing',
      joined: true,
      connection: 'connected',
      epoch: snapshot.epoch ?? undefined,
      device: {
        backends: [
          {
            kind: 'webgpu',
            adapter: next(),
            isSoftware: false,
            conformant: false,
            firstDifference: next(),
            conformanceDigest: new Uint8Array(32).fill(7),
            attemptsPerSecond: 12.5,
          },
        ],
      },
      backend: { kind: 'webgpu', reason: next() },
      duties: { drawn: 3, answered: 3, missed: 0 },
      peers: 2,
      notices: [{ sequence: 1, atMs: REPORT_AT_MS, level: 'warning', code: next(), fields: { error: next() } }],
    },
    facts: {
      settings: {
        ...snapshot.settings,
        values: { ...snapshot.settings.values, models: [next(), next()] },
        file: next(),
      },
      wallet: { ...snapshot.wallet, address: next(), payoutAddress: next(), path: next() },
      troubles: [{ code: 'disk_low', level: 'warning', sinceMs: REPORT_AT_MS, fields: fields() }],
      shell: 'service',
      update: { version: next(), state: 'available' },
    },
    readings: readingsOf(next),
    findings: [{ code: next(), verdict: 'problem', fields: fields() }],
    logs: [
      {
        name: next(),
        sizeBytes: 120,
        isCut: false,
        lines: [
          { at: next(), level: 'error', scope: next(), message: next(), fields: fields() },
          { at: '2026-01-02T03:04:05.678Z', level: 'info', scope: 'app', message: next(), fields: {} },
        ],
      },
    ],
  }
}

function readingsOf(next: () => string): ReportFacts['readings'] {
  const readings = sampleReadings()
  return {
    ...readings,
    system: next(),
    processor: { ...readings.processor, name: next() },
    temperatures: [{ name: next(), celsius: 51, isGpu: true }],
    graphics: readings.graphics.map((card) => ({ ...card, name: next(), driver: next() })),
  }
}

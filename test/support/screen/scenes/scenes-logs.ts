/** The page “logs” in its states. */

import type { LogsDesk } from '../../../../src/ipc/screen-router.ts'
import type { LogLine } from '../../../../src/ipc/wires/machine-wire.ts'
import { CodedError } from '../../../../src/lib/coded-error.ts'
import type { Scene } from '../scene.ts'
import { CREDITED } from './race-scenes.ts'

const START_MS = Date.UTC(2026, 4, 7, 9, 12, 3)

const LINES: readonly Omit<LogLine, 'at'>[] = [
  { level: 'info', scope: 'app', message: 'started', fields: { version: '0.1.0', shell: 'service' } },
  { level: 'info', scope: 'app.chain', message: 'connected', fields: { height: 137 } },
  { level: 'debug', scope: 'app.host', message: 'memory read', fields: { file: 'memory.json' } },
  { level: 'info', scope: 'app.host', message: 'race', fields: { epoch: 3, backend: 'webgpu', dutyPpm: 1_000_000 } },
  { level: 'info', scope: 'app.host', message: 'finds committed', fields: { epoch: 3, finds: 212, batches: 3 } },
  { level: 'warn', scope: 'app.peers', message: 'a peer went away', fields: { peer: '12D3KooWQYhT', afterMs: 41_003 } },
  { level: 'info', scope: 'app.work', message: 'order done', fields: { tokens: 64, price: '26800' } },
  {
    level: 'error',
    scope: 'app.models',
    message: 'a model file does not have its digest and is fetched again',
    fields: { model: 'whale-0.9m', file: 'model.onnx', code: 'model_damaged' },
  },
  { level: 'info', scope: 'app.models', message: 'model loaded', fields: { model: 'whale-0.9m', ms: 812 } },
]

export function sampleLogLines(count: number): readonly LogLine[] {
  return Array.from({ length: count }, (_, index) => ({
    level: 'info' as const,
    scope: 'app',
    message: 'started',
    fields: {},
    ...LINES[index % LINES.length],
    at: new Date(START_MS + index * 1_733).toISOString(),
  }))
}

export const SAMPLE_REPORT = `Tailrace report
Without names, addresses, keys and paths. host-1 is the same account wherever it stands.

## Versions
at utc=2026-05-07T09:13:00.000Z
versions tailrace=0.1.0 node=24.1.0 electron=none
platform system=linux x64 shell=service chain=tailrace-local-1

## Host
state phase=racing joined=true connection=connected peers=2
wallet state=open protection=none isStarter=true isBackedUp=false length=12 paysOut=false

## Troubles
disk_low level=warning since=2026-05-07T09:01:12.000Z freeBytes=1073741824 folder=<data>

## Machine
processor name=AMD Ryzen 7 7700 cores=16 loadPpm=210000

## Log app.log (48112 bytes)
2026-05-07T09:12:03.000Z info app: started version=0.1.0 shell=service
2026-05-07T09:12:04.733Z warn app.peers: a peer went away peer=peer-1 afterMs=41003
`

export const SAMPLE_LOGS: LogsDesk = {
  info: async () => ({
    folder: CREDITED.logFolder,
    files: [
      { name: 'node.log', sizeBytes: 912_004, modifiedAtMs: 3 },
      { name: 'app.log', sizeBytes: 48_112, modifiedAtMs: 2 },
      { name: 'gateway.log', sizeBytes: 9_120, modifiedAtMs: 1 },
    ],
  }),
  tail: async ({ level, contains }) => {
    const levels = ['debug', 'info', 'warn', 'error']
    const lines = sampleLogLines(60).filter(
      (line) => levels.indexOf(line.level) >= levels.indexOf(level) && line.message.includes(contains),
    )
    return { lines, isCut: true }
  },
  report: async () => ({ name: 'tailrace-report-2026-05-07-09-13.txt', text: SAMPLE_REPORT }),
}

const EMPTY_LOGS: LogsDesk = {
  ...SAMPLE_LOGS,
  tail: async () => Promise.reject(new CodedError('not_found', 'gone', { fields: { file: 'app.log' } })),
}

export const LOGS_SCENES: readonly Scene[] = [
  {
    name: '85-logs',
    page: 'logs',
    snapshot: CREDITED,
    prepare: (backend) => void Object.assign(backend.logs, SAMPLE_LOGS),
    act: {
      kind: 'do',
      run: async (page) => {
        await page.getByTestId('log-line').last().click()
      },
    },
  },
  {
    name: '86-logs-report',
    page: 'logs',
    snapshot: CREDITED,
    prepare: (backend) => void Object.assign(backend.logs, SAMPLE_LOGS),
    act: {
      kind: 'do',
      run: async (page) => {
        await page.getByTestId('prepare-report').click()
        await page.getByTestId('report').waitFor()
      },
    },
  },
  {
    name: '87-logs-gone',
    page: 'logs',
    snapshot: CREDITED,
    prepare: (backend) => void Object.assign(backend.logs, EMPTY_LOGS),
  },
]

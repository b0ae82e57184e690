/**
 * What the screen and the command line ask of the logs: the files, the newest lines of one, and a report to send to whoever helps.
 * Invariant: nothing outside of the log folder is read, and no answer is larger than its bounds. Read next: log-folder.ts, read-tail.ts,
 * report.ts and redact.ts (what a report leaves out).
 */
import { homedir, hostname, userInfo } from 'node:os'
import type { LogsDesk } from '../../ipc/screen-router.ts'
import type { Finding, LogLine, MachineReadings } from '../../ipc/wires/machine-wire.ts'
import { MAX_LOG_LINES } from '../../ipc/wires/machine-wire.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { VERSION } from '../version.ts'
import { listLogs, openLog } from './log-folder.ts'
import { describeLine, fitLine, isAtLeast } from './log-line.ts'
import { readTail } from './read-tail.ts'
import type { RedactorOptions } from './redact.ts'
import { createRedactor } from './redact.ts'
import type { ReportFacts, ReportLog, ReportSnapshot, ReportView } from './report.ts'
import { composeReport } from './report.ts'

export interface LogsComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly facts: () => ReportSnapshot
  readonly view: () => ReportView
  readonly chainId: () => string
  readonly readings: (signal: AbortSignal) => Promise<MachineReadings>
  readonly doctor: (signal: AbortSignal) => Promise<readonly Finding[]>
}

export interface LogsOptions {
  readonly logFolder: string
  /** What the report leaves out because it is known. */
  readonly redact: RedactorOptions
}

/** A message of the socket holds 1 MiB, and a character may take three bytes. */
const TAIL_CHARACTERS = 300_000
const TAIL_SCAN_BYTES = 8 * 1024 * 1024
const REPORT_FILES = 12
const REPORT_LIMITS = { lines: 2_000, characters: 600_000, scannedBytes: 1024 * 1024 }

export function createLogsDesk(components: LogsComponents, options: LogsOptions): LogsDesk {
  const { logFolder } = options
  return {
    info: async () => listLogs(logFolder),
    tail: async ({ file, lines, level, contains }) => {
      const sought = contains.toLowerCase()
      const handle = await openLog(logFolder, file)
      try {
        return await readTail(
          handle,
          { lines: Math.min(lines, MAX_LOG_LINES), characters: TAIL_CHARACTERS, scannedBytes: TAIL_SCAN_BYTES },
          (line) =>
            isAtLeast(line.level, level) && (sought === '' || describeLine(line).toLowerCase().includes(sought))
              ? fitLine(line)
              : undefined,
        )
      } finally {
        await handle.close()
      }
    },
    report: async (signal) => {
      const facts = await gatherFacts(components, logFolder, signal)
      const stamp = new Date(facts.atMs).toISOString().slice(0, 16).replaceAll(/[:T]/g, '-')
      return { name: `tailrace-report-${stamp}.txt`, text: composeReport(facts, createRedactor(options.redact)) }
    },
  }
}

/** Names and folders of this machine and of whoever uses it. */
export function knownNames(dataFolder: string, logFolder: string, userHome = homedir()): RedactorOptions {
  const machine = hostname()
  return {
    people: [
      { name: userName(), label: '<user>' },
      { name: machine, label: '<machine>' },
      { name: machine.split('.')[0] ?? '', label: '<machine>' },
    ],
    folders: [
      { path: logFolder, label: '<logs>' },
      { path: dataFolder, label: '<data>' },
      { path: userHome, label: '<home>' },
    ],
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the system's list (a container): there is no name to leave out.
    return ''
  }
}

async function gatherFacts(components: LogsComponents, logFolder: string, signal: AbortSignal): Promise<ReportFacts> {
  const [readings, findings, logs] = await Promise.all([
    answerOr(components, 'readings', undefined, () => components.readings(signal)),
    answerOr(components, 'doctor', [], () => components.doctor(signal)),
    readLogs(components, logFolder),
  ])
  return {
    atMs: components.clock.nowMs(),
    versions: { tailrace: VERSION, node: process.versions.node, electron: process.versions.electron ?? 'none' },
    platform: `${process.platform} ${process.arch}`,
    chainId: components.chainId(),
    view: components.view(),
    facts: components.facts(),
    readings,
    findings,
    logs,
  }
}

/** A report is asked for when things are broken: whatever cannot be told is left out. */
async function answerOr<Value>(
  { logger }: LogsComponents,
  part: string,
  otherwise: Value,
  ask: () => Promise<Value>,
): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    logger.log('warn', 'report without a part', { part, error: errorMessage(error) })
    return otherwise
  }
}

async function readLogs(components: LogsComponents, folder: string): Promise<readonly ReportLog[]> {
  const logs: ReportLog[] = []
  for (const { name, sizeBytes } of listLogs(folder).files.slice(0, REPORT_FILES)) {
    const tail = await answerOr(components, name, { lines: [] as readonly LogLine[], isCut: true }, async () => {
      const handle = await openLog(folder, name)
      try {
        return await readTail(handle, REPORT_LIMITS, (line) => line)
      } finally {
        await handle.close()
      }
    })
    logs.push({ name, sizeBytes, ...tail })
  }
  return logs
}

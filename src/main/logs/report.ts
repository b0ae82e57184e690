/**
 * The text that a person sends to whoever helps. Pure. Invariant: everything in it went through the redactor or is a number or a word of
 * this program; it has a bound, and the newest log lines are what is kept of a long log. Read next: redact.ts.
 */
import type { HostView } from '../../host/view.ts'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { Finding, LogLine, MachineReadings } from '../../ipc/wires/machine-wire.ts'
import { MAX_REPORT_CHARACTERS } from '../../ipc/wires/machine-wire.ts'
import type { Redactor } from './redact.ts'

export interface ReportFacts {
  readonly atMs: number
  /** Of this program, of Node and of what else runs it. */
  readonly versions: Readonly<Record<string, string>>
  readonly platform: string
  readonly chainId: string
  readonly view: ReportView
  readonly facts: ReportSnapshot
  /** Undefined where the machine could not be read. */
  readonly readings: MachineReadings | undefined
  readonly findings: readonly Finding[]
  readonly logs: readonly ReportLog[]
}

export type ReportSnapshot = Pick<ScreenSnapshot, 'settings' | 'wallet' | 'troubles' | 'shell' | 'update'>

export type ReportView = Pick<
  HostView,
  'phase' | 'joined' | 'connection' | 'epoch' | 'device' | 'backend' | 'duties' | 'peers' | 'notices'
>

export interface ReportLog {
  readonly name: string
  readonly sizeBytes: number
  /** Oldest first. */
  readonly lines: readonly LogLine[]
  readonly isCut: boolean
}

type Fields = Readonly<Record<string, string | number | boolean>>
type Write = (line: string) => void

const MAX_NOTICES = 50
const MAX_LINE_CHARACTERS = 2_000
const FACTS_CHARACTERS = 200_000
/** Of the log lines, as they travel: what is left of the contract's bound, the heads of the logs taken off. */
const LOG_BYTES = MAX_REPORT_CHARACTERS - FACTS_CHARACTERS - 20_000

export function composeReport(report: ReportFacts, redactor: Redactor): string {
  const lines: string[] = []
  const cut = (line: string): string =>
    line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)} …` : line
  writeFacts(report, redactor, (line) => lines.push(cut(line)))
  const facts = lines.join('\n').slice(0, FACTS_CHARACTERS)
  return `${[facts, ...writeLogs(report.logs, redactor, cut)].join('\n')}\n`
}

function writeFacts(report: ReportFacts, redactor: Redactor, write: Write): void {
  const { view, facts } = report
  const one = (name: string, fields: Fields): void => write(`${name} ${redactor.fields(fields)}`.trim())
  const section = (title: string): void => write(`\n## ${title}`)
  write('Tailrace report')
  write('Without names, addresses, keys and paths. host-1 is the same account wherever it stands.')
  section('Versions')
  one('at', { utc: new Date(report.atMs).toISOString() })
  one('versions', report.versions)
  one('platform', { system: report.platform, shell: facts.shell, chain: report.chainId })
  if (facts.update !== null) {
    one('update', facts.update)
  }
  section('Host')
  writeHost(view, one)
  one('wallet', walletFields(facts.wallet))
  section('Settings')
  writeSettings(facts.settings, one)
  section('Troubles')
  for (const { code, level, sinceMs, fields } of facts.troubles) {
    one(redactor.text(code), { level, since: isoOf(sinceMs), ...fields })
  }
  section('Doctor')
  for (const { code, verdict, fields } of report.findings) {
    one(redactor.text(code), { verdict, ...fields })
  }
  section('Machine')
  writeReadings(report.readings, one, write)
  section('Notices, newest first')
  for (const notice of view.notices.slice(0, MAX_NOTICES)) {
    one(`${isoOf(notice.atMs)} ${notice.level} ${redactor.text(notice.code)}`, notice.fields)
  }
}

type WriteOne = (name: string, fields: Fields) => void

function writeHost(view: ReportView, one: WriteOne): void {
  const { phase, joined, connection, peers, epoch, duties, backend, device } = view
  one('state', { phase, joined, connection, peers })
  if (epoch !== undefined) {
    const { height, stage, lastBlockAtMs } = epoch
    one('epoch', { epoch: epoch.epoch, stage, height, lastBlock: isoOf(lastBlockAtMs) })
  }
  one('duties', { ...duties })
  if (backend !== undefined) {
    one('backend', { ...backend })
  }
  for (const { kind, adapter, isSoftware, conformant, attemptsPerSecond, firstDifference } of device?.backends ?? []) {
    one('device', { kind, adapter, isSoftware, conformant, attemptsPerSecond, firstDifference: firstDifference ?? '' })
  }
}

/** Whose the wallet is stays out; how it is kept helps. */
function walletFields(wallet: ReportSnapshot['wallet']): Fields {
  const { state, protection, isStarter, isBackedUp, wordCount, payoutAddress, device } = wallet
  const deviceExpiry = device.expiryHeight
  return {
    state,
    protection,
    isStarter,
    isBackedUp,
    length: wordCount,
    paysOut: payoutAddress !== '',
    deviceExpiry,
  }
}

function writeSettings(settings: ReportSnapshot['settings'], one: WriteOne): void {
  for (const [name, value] of Object.entries(settings.values)) {
    const source = settings.sources[name as keyof typeof settings.sources]
    one('setting', { name, value: Array.isArray(value) ? value.join(' ') : value, source })
  }
  one('later', { atNextStart: settings.atNextStart.join(' '), unavailable: settings.unavailable.join(' ') })
}

function writeReadings(readings: MachineReadings | undefined, one: WriteOne, write: Write): void {
  if (readings === undefined) {
    write('not read')
    return
  }
  const { processor, memory, disk } = readings
  one('system', { name: readings.system })
  one('processor', known(processor))
  one('memory', memory)
  if (disk !== null) {
    one('disk', disk)
  }
  for (const graphics of readings.graphics) {
    one('graphics', known(graphics))
  }
  for (const temperature of readings.temperatures) {
    one('temperature', temperature)
  }
}

function known(values: Readonly<Record<string, string | number | null>>): Fields {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? 'unknown']))
}

/** Every log gets an equal share of the room; what one does not need the next ones have. */
function writeLogs(logs: readonly ReportLog[], redactor: Redactor, cut: (line: string) => string): readonly string[] {
  const sections: string[] = []
  let left = LOG_BYTES
  for (const [index, log] of logs.entries()) {
    const share = Math.floor(left / (logs.length - index))
    const kept: string[] = []
    let bytes = 0
    for (const line of log.lines.toReversed()) {
      const text = cut(lineText(line, redactor))
      const size = Buffer.byteLength(JSON.stringify(text))
      if (bytes + size > share) {
        break
      }
      bytes += size
      kept.push(text)
    }
    left -= bytes
    const isWhole = !log.isCut && kept.length === log.lines.length
    const name = `\n## Log ${redactor.text(log.name)} (${log.sizeBytes} bytes${isWhole ? '' : ', its newest lines'})`
    sections.push(name, ...kept.reverse())
  }
  return sections
}

function lineText(line: LogLine, redactor: Redactor): string {
  const scope = line.scope === '' ? '' : `${redactor.text(line.scope)}: `
  const fields = redactor.fields(line.fields)
  return `${isIso(line.at) ? line.at : '-'} ${line.level} ${scope}${redactor.text(line.message)} ${fields}`.trimEnd()
}

function isIso(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/.test(text)
}

function isoOf(atMs: number): string {
  // A time that no calendar has is no reason to lose the report.
  return Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15 ? new Date(atMs).toISOString() : 'unknown'
}

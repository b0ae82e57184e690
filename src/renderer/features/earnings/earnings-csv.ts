/** Earnings as a table that any spreadsheet reads: RFC 4180, one line for each epoch, kind, reason and device. Pure. */
import type { EarningEpoch } from '../../../ipc/wires/earnings-wire.ts'
import { DISPLAY_DECIMALS } from '../../../protocol/params.ts'

const COLUMNS = [
  'epoch',
  'started_at',
  'ended_at',
  'is_closed',
  'device_name',
  'device_address',
  'kind',
  'reason',
  'amount_tail',
  'amount_utail',
  'entries',
] as const

/** Oldest first. Amounts are exact and positive; a debit is one by its kind. Times are ISO 8601, UTC. */
export function earningsCsv(epochs: readonly EarningEpoch[]): string {
  const rows = [...epochs]
    .sort((a, b) => a.epoch - b.epoch)
    .flatMap((epoch) =>
      epoch.lines.map((line) => [
        String(epoch.epoch),
        new Date(epoch.startedAtMs).toISOString(),
        new Date(epoch.endedAtMs).toISOString(),
        epoch.isClosed ? 'yes' : 'no',
        epoch.device.name,
        epoch.device.address,
        line.kind,
        line.reason,
        exactTail(line.amount),
        line.amount,
        String(line.entries),
      ]),
    )
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** utail in decimal → TAIL with all six decimals, a point and no groups. */
export function exactTail(utail: string): string {
  const digits = utail.padStart(DISPLAY_DECIMALS + 1, '0')
  return `${digits.slice(0, -DISPLAY_DECIMALS)}.${digits.slice(-DISPLAY_DECIMALS)}`
}

/**
 * A name that begins like a formula would be run by a spreadsheet: an apostrophe makes it text. Amounts and counts never do, they
 * have no sign. Quotes, commas and line breaks are quoted.
 */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** `tailrace-earnings-2026-11-22.csv`, by the person's date. */
export function csvName(nowMs: number): string {
  const date = new Date(nowMs)
  const two = (value: number) => String(value).padStart(2, '0')
  return `tailrace-earnings-${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}.csv`
}

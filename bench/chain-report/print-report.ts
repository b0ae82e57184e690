import type { ChainReport } from './report.ts'

/** For people: one table a section. */
export function printReport(report: ChainReport): void {
  print('CPU (µs) and bytes on chain per inference, checks included', report.batches)
  print('1 receipt a batch against the largest', report.bar === undefined ? [] : [report.bar])
  print('transactions of one core', report.transactions)
  for (const { hosts, blockTimeMs, stages } of report.blocks) {
    print(`time of blocks with ${hosts} hosts, of ${blockTimeMs} ms`, stages)
  }
  print('app hash', report.appHash)
  print('snapshots', report.snapshots)
  print('consensus power of a settle', report.power)
  print('signatures: two libraries', report.signatures === undefined ? [] : [report.signatures])
  if (report.flood !== undefined) {
    console.log(`\nflood\n${JSON.stringify(report.flood, null, 2)}`)
  }
  console.log(`\n${report.ok ? 'every bar is kept' : 'a bar is missed'}, ${Math.round(report.seconds)} s`)
}

function print(title: string, rows: readonly object[]): void {
  if (rows.length > 0) {
    console.log(`\n${title}`)
    console.table(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, short(value)]))),
    )
  }
}

function short(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}

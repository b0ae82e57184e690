/** `tailrace earnings` and `tailrace earnings ledger`: what came in, by epoch, and the reason for every unit. */

import { MAX_LEDGER_PAGE } from '../../ipc/contract.ts'
import type { EarningEpoch } from '../../ipc/wires/earnings-wire.ts'
import { MAX_EARNING_EPOCHS } from '../../ipc/wires/earnings-wire.ts'
import { defineCommand } from '../command.ts'
import { dateTime, percent, table, tail } from '../layout.ts'
import { HOME, JSON_OUTPUT, OUTPUT_FILE, wholeNumber } from '../options.ts'
import { writeOutput } from '../output-file.ts'
import { emit, withControl } from '../with-control.ts'
import { sumsOf } from './earned.ts'

export const EARNINGS_COMMAND = defineCommand({
  name: 'earnings',
  group: 'earning',
  summary: 'what each epoch brought: held, credited, kept as bond',
  options: {
    home: HOME,
    json: JSON_OUTPUT,
    epochs: {
      schema: wholeNumber(1, MAX_EARNING_EPOCHS).default(24),
      value: 'N',
      summary: 'the newest N epochs',
    },
    csv: {
      schema: OUTPUT_FILE.schema,
      value: 'FILE',
      summary: 'write every line with its reason to a CSV file; - = stdout',
    },
  },
  positionals: {},
  examples: ['tailrace earnings', 'tailrace earnings --epochs 400 --csv earnings.csv'],
  reaches: ['earnings.history'],
  run: (args, context) =>
    withControl(context, args.home, async ({ client }) => {
      const page = await client.earnings.history({ limit: args.epochs })
      if (args.csv === '-') {
        context.terminal.out(csvOf(page.epochs).trimEnd())
        return 0
      }
      if (args.csv !== undefined) {
        writeOutput(args.csv, csvOf(page.epochs))
        context.terminal.say(`Written to ${args.csv}.`)
        if (!args.json) {
          return 0
        }
      }
      emit(context, args.json, page, () => earningsTable(page.epochs))
      return 0
    }),
})

export const LEDGER_COMMAND = defineCommand({
  name: 'earnings ledger',
  group: 'earning',
  summary: 'the why-ledger: a reason for every unit',
  options: {
    home: HOME,
    json: JSON_OUTPUT,
    from: {
      schema: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
      value: 'N',
      summary: 'sequence to begin with; 0 = the oldest that is kept',
    },
    limit: { schema: wholeNumber(1, MAX_LEDGER_PAGE).default(50), value: 'N', summary: 'most entries' },
  },
  positionals: {},
  examples: ['tailrace earnings ledger --limit 10', 'tailrace earnings ledger --from 120 --json'],
  reaches: ['ledger.list'],
  run: (args, context) =>
    withControl(context, args.home, async ({ client }) => {
      const page = await client.ledger.list({ fromSequence: String(args.from), limit: args.limit })
      emit(context, args.json, page, () =>
        [
          table(
            ['>SEQUENCE', '>EPOCH', '>BLOCK', 'KIND', '>AMOUNT', 'REASON'],
            page.entries.map(({ sequence, epoch, height, kind, amount, reason }) => [
              sequence,
              String(epoch),
              String(height),
              kind,
              kind === 'weight' ? amount : tail(amount),
              reason.replaceAll('_', ' '),
            ]),
          ),
          `Ever held ${tail(page.totals.held)}, credited ${tail(page.totals.credited)}, kept as bond ${tail(page.totals.bonded)}.`,
        ].join('\n'),
      )
      return 0
    }),
})

function earningsTable(epochs: readonly EarningEpoch[]): string {
  const rows = epochs.map((epoch) => {
    const { held, credited, bonded, debited } = sumsOf(epoch)
    const state = epoch.isClosed ? '' : 'running'
    return [
      String(epoch.epoch),
      dateTime(epoch.endedAtMs),
      percent(epoch.weightPpm),
      ...[held, credited, bonded, debited].map((amount) => tail(amount)),
      state,
    ]
  })
  return rows.length === 0
    ? 'Nothing earned yet. `tailrace status` tells when the next race is.'
    : table(['>EPOCH', 'ENDED', '>WEIGHT', '>HELD', '>CREDITED', '>BOND', '>TAKEN', ''], rows)
}

/** One line for each reason of each epoch; RFC 4180. */
function csvOf(epochs: readonly EarningEpoch[]): string {
  const rows = epochs.flatMap((epoch) =>
    epoch.lines.map((line) =>
      [
        epoch.epoch,
        new Date(epoch.startedAtMs).toISOString(),
        new Date(epoch.endedAtMs).toISOString(),
        epoch.isClosed ? 'closed' : 'running',
        epoch.device.address,
        csvText(epoch.device.name),
        epoch.weightPpm,
        line.kind,
        line.reason,
        line.amount,
        line.entries,
      ].join(','),
    ),
  )
  const heads = 'epoch,started,ended,state,device,device_name,weight_ppm,kind,reason,amount_utail,entries'
  return `${[heads, ...rows].join('\r\n')}\r\n`
}

/** A name comes from the chain: a spreadsheet would take one that begins like a formula for one. */
function csvText(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${harmless.replaceAll('"', '""')}"`
}

/** `tailrace receipt list | show | verify`: receipts of this host and of the gateway here, and files of anybody. */
import { z } from 'zod'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { defineCommand } from '../command.ts'
import { dateTime, table, tail } from '../layout.ts'
import { HOME, JSON_OUTPUT, ORDER, OUTPUT_FILE, RPC } from '../options.ts'
import { writeOutput } from '../output-file.ts'
import { emit, snapshotOf, withControl } from '../with-control.ts'
import { MARKS } from './receipt-marks.ts'

const ORDER_HASH = /^[0-9a-f]{64}$/

export const RECEIPT_LIST_COMMAND = defineCommand({
  name: 'receipt list',
  group: 'developer',
  summary: 'orders that this host took and that were placed here, with where their receipts stand',
  options: { home: HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace receipt list', 'tailrace receipt list --json | jq -r ".[0].order"'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const rows = receiptsOf(await snapshotOf(control))
      emit(context, args.json, rows, () =>
        rows.length === 0
          ? 'No order yet. `tailrace chat "Hello"` places one.'
          : table(
              ['WHEN', 'ROLE', 'MODEL', 'STATE', '>TOKENS', '>PRICE', 'BATCH', 'ORDER'],
              rows.map((row) => [
                dateTime(row.atMs),
                row.role,
                row.model,
                row.state,
                String(row.promptTokens + row.outputTokens),
                tail(row.price),
                row.batch ?? '–',
                row.order,
              ]),
            ),
      )
      return 0
    }),
})

export const RECEIPT_SHOW_COMMAND = defineCommand({
  name: 'receipt show',
  group: 'developer',
  summary: 'the receipt of an order as a file that anybody can verify',
  options: { home: HOME, json: JSON_OUTPUT, output: OUTPUT_FILE },
  positionals: { order: ORDER },
  examples: [
    `tailrace receipt show ${'0a'.repeat(32)} --output receipt.json`,
    `tailrace receipt show ${'0a'.repeat(32)} | jq .format`,
  ],
  reaches: ['receipts.file'],
  run: (args, context) =>
    withControl(context, args.home, async ({ client }) => {
      const { name, text } = await client.receipts.file({ orderHash: args.order })
      if (text === undefined) {
        throw new CodedError('receipt_pending', 'there is no receipt of this order on the chain')
      }
      if (args.output === undefined) {
        context.terminal.out(args.json ? JSON.stringify({ name, text }) : text)
        return 0
      }
      writeOutput(args.output, text)
      emit(context, args.json, { file: args.output }, () => `Written to ${args.output}.`)
      return 0
    }),
})

export const RECEIPT_VERIFY_COMMAND = defineCommand({
  name: 'receipt verify',
  group: 'developer',
  summary: 'does this receipt hold, by itself and on the chain?',
  details:
    'A file needs no running application; with --rpc its place on the chain is checked too. A receipt of this application is named by its order. Exit code 1 where it does not hold.',
  options: { home: HOME, rpc: { ...RPC, schema: RPC.schema.optional() }, json: JSON_OUTPUT },
  positionals: { receipt: { schema: z.string().min(1).max(1_024), summary: 'a file, or the hash of an order' } },
  examples: [
    'tailrace receipt verify receipt.json --rpc http://127.0.0.1:26657',
    `tailrace receipt verify ${'0a'.repeat(32)}`,
  ],
  reaches: ['receipts.verify'],
  async run(args, context) {
    if (!ORDER_HASH.test(args.receipt)) {
      const { verifyFile } = await import('./receipt-file.ts')
      return await verifyFile({ file: args.receipt, rpc: args.rpc, json: args.json }, context)
    }
    return await withControl(context, args.home, async ({ client }) => {
      const verdict = await client.receipts.verify({ orderHash: args.receipt })
      const lines = verdict.checks.map(({ name, result }) => `${MARKS[result]}  ${name.replaceAll('_', ' ')}`)
      emit(context, args.json, verdict, () => [...lines, VERDICTS[verdict.state]].join('\n'))
      return verdict.state === 'verified' ? 0 : 1
    })
  },
})

const VERDICTS = {
  verified: 'The receipt is valid and stands on the chain.',
  pending: 'The receipt is not on the chain yet. Ask again when its batch is.',
  failed: 'The receipt is NOT valid.',
  unknown: 'This application has no receipt of that order.',
} as const

interface ReceiptRow {
  readonly order: string
  /** `host`: taken here; `payer`: placed here. */
  readonly role: 'host' | 'payer'
  readonly atMs: number
  readonly model: string
  readonly state: string
  readonly promptTokens: number
  readonly outputTokens: number
  /** utail */
  readonly price: string
  readonly batch: string | null
}

function receiptsOf({ work, gateway }: ScreenSnapshot): ReceiptRow[] {
  const row = (
    role: ReceiptRow['role'],
    one: Omit<ReceiptRow, 'order' | 'role'> & { readonly orderHash: string },
  ): ReceiptRow => ({
    order: one.orderHash,
    role,
    atMs: one.atMs,
    model: one.model,
    state: one.state,
    promptTokens: one.promptTokens,
    outputTokens: one.outputTokens,
    price: one.price,
    batch: one.batch,
  })
  return [
    ...(work?.jobs ?? []).map((job) => row('host', job)),
    ...(gateway?.orders ?? []).map((order) => row('payer', order)),
  ].sort((a, b) => b.atMs - a.atMs)
}

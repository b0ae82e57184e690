/** Whether the receipt in a file holds: by itself, and against a chain where one is named. */
import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { readTextFile } from '../../chain-node/private-file.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { ReceiptReport } from '../../main/receipt-check.ts'
import { checkReceipt } from '../../main/receipt-check.ts'
import { SYSTEM_CLOCK } from '../../main/system.ts'
import type { CliContext } from '../context.ts'
import { emit } from '../with-control.ts'
import { MARKS } from './receipt-marks.ts'

const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Exit 0 where the receipt holds, 1 where it does not. @throws CodedError `file_not_found`, `malformed_bundle` */
export async function verifyFile(
  args: { readonly file: string; readonly rpc: string | undefined; readonly json: boolean },
  context: CliContext,
): Promise<number> {
  const text = readTextFile(args.file, MAX_FILE_BYTES)
  if (text === undefined) {
    throw new CodedError('file_not_found', `there is no file ${args.file}`)
  }
  const stopping = new AbortController()
  const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
  const chain =
    args.rpc === undefined ? undefined : await connectChainClient(components, { rpcUrl: args.rpc }, stopping.signal)
  try {
    const report = await checkReceipt(text, chain, stopping.signal)
    const value = { ...report, batch: report.batch.toString(), price: report.price.toString() }
    emit(context, args.json, value, () => textOf(report, chain !== undefined))
    return report.valid ? 0 : 1
  } finally {
    stopping.abort()
    chain?.close()
  }
}

function textOf(report: ReceiptReport, isOnline: boolean): string {
  const lines = report.checks.map(({ name, result }) => `${MARKS[result]}  ${name.replaceAll('_', ' ')}`)
  const work = `${report.promptTokens} + ${report.outputTokens} tokens for ${report.price} utail, batch ${report.batch}, transaction ${report.txHash}`
  const isForgotten = report.checks.some(({ name, result }) => name === 'not_refunded' && result === 'absent')
  const end = report.valid
    ? isOnline
      ? `The receipt is valid and stands on the chain.${isForgotten ? ' How its batch ended the chain no longer says.' : ''}`
      : 'The receipt is valid by itself. With --rpc URL its place on the chain is checked too.'
    : 'The receipt is NOT valid.'
  return `${work}\n${lines.join('\n')}\n${end}`
}

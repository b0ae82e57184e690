import { connectChainClient } from '../chain-client/create-chain-client.ts'
import { readTextFile } from '../chain-node/private-file.ts'
import { CodedError } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { ReceiptReport } from '../main/receipt-check.ts'
import { checkReceipt } from '../main/receipt-check.ts'
import { SYSTEM_CLOCK } from '../main/system.ts'
import type { ReceiptVerifyArguments } from './arguments.ts'

const MAX_FILE_BYTES = 16 * 1024 * 1024
const MARKS = { ok: 'ok    ', failed: 'FAILED', absent: 'absent' } as const

/** Exit 0 where the receipt holds, 1 where it does not. */
export async function runReceiptVerify(args: ReceiptVerifyArguments): Promise<number> {
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
    process.stdout.write(args.json ? `${jsonOf(report)}\n` : textOf(report, chain !== undefined))
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
  return `${work}\n${lines.join('\n')}\n${end}\n`
}

function jsonOf(report: ReceiptReport): string {
  return JSON.stringify({ ...report, batch: report.batch.toString(), price: report.price.toString() })
}

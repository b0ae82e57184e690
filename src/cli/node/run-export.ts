import { existsSync } from 'node:fs'
import { exportGenesis, exportState } from '../../chain-node/snapshots/export-state.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { CliContext } from '../context.ts'
import { pairs, tail } from '../layout.ts'
import { emit } from '../with-control.ts'

interface ExportArguments {
  readonly home: string
  readonly output: string
  readonly 'restart-as': string | undefined
  readonly json: boolean
}

/** @throws CodedError `node_running`, `nothing_stored`, `app_hash_mismatch`, `cannot_write`, `same_chain_id` … */
export async function runNodeExport(args: ExportArguments, context: CliContext): Promise<number> {
  const { home, output: file, json } = args
  if (existsSync(file)) {
    throw new CodedError('cannot_write', `${file} exists already`, { fields: { file } })
  }
  const chainId = args['restart-as']
  if (chainId === undefined) {
    const summary = exportState(home, { file })
    emit(context, json, summary, () =>
      pairs([
        ['File', file],
        ['Network', summary.chainId],
        ['Height', String(summary.height)],
        ['App hash', summary.appHash],
        ['Entries', String(summary.entries)],
      ]),
    )
    return 0
  }
  const { leftBehind, validatorsLeftOut, ...summary } = exportGenesis(home, {
    file,
    chainId,
    timeMs: context.clock.nowMs(),
  })
  const document = { ...summary, restartAs: chainId, leftBehind: leftBehind.toString(), validatorsLeftOut }
  emit(context, json, document, () =>
    pairs([
      ['File', file],
      ['Network', `${chainId}, after height ${summary.height} of ${summary.chainId}`],
      ['Left behind', `${tail(leftBehind)} of the pool`],
      [
        'Validators',
        validatorsLeftOut.length === 0 ? 'all' : `not ${validatorsLeftOut.join(', ')}: they register again`,
      ],
    ]),
  )
  return 0
}

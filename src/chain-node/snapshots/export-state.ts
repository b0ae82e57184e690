/**
 * The state of a node that does not run, for people and other programs. Two forms:
 * - `exportState`: every entry, one JSON object a line, with the name of its kind. Nothing is left out: the app hash can be computed
 *   from it again.
 * - `exportGenesis` (restart-genesis.ts): what a new network starts from, with everybody's money.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { kindOfKey } from '../../chain/state/key-space.ts'
import { toHex } from '../../lib/bytes.ts'
import { toBase64 } from '../base64.ts'
import { encodeGenesis } from '../genesis-file.ts'
import { PUBLIC_MODE, writeTextFile } from '../private-file.ts'
import type { NodeState } from './node-state.ts'
import { openNodeState } from './node-state.ts'
import type { RestartOptions, RestartReport } from './restart-genesis.ts'
import { restartGenesis } from './restart-genesis.ts'

/** First line of an export. */
export const EXPORT_FORMAT = 'tailrace-state/1'
const FLUSH_CHARACTERS = 1024 * 1024

export interface ExportSummary {
  readonly file: string
  readonly chainId: string
  readonly height: number
  /** Hexadecimal. */
  readonly appHash: string
  readonly appVersion: number
  readonly entries: number
}

/**
 * Writes `file` whole or not at all: a line that says what it is, then {"kind", "key", "value"} for each entry in key order, bytes in
 * base64. Memory: the state and a mebibyte. @throws CodedError as `openNodeState`; the file system's error
 */
export function exportState(home: string, { file }: { readonly file: string }): ExportSummary {
  const node = openNodeState(home)
  try {
    const summary = summaryOf(node, file)
    const { file: _file, ...head } = summary
    writeLines(file, linesOf({ format: EXPORT_FORMAT, ...head }, node))
    return summary
  } finally {
    node.close()
  }
}

/** Writes a genesis.json. @throws CodedError as `openNodeState`, `export_too_large`, `no_validators` */
export function exportGenesis(
  home: string,
  { file, ...options }: RestartOptions & { readonly file: string },
): ExportSummary & RestartReport {
  const node = openNodeState(home)
  try {
    const { genesis, report } = restartGenesis(node.state, node.genesis, options)
    writeTextFile(file, encodeGenesis(genesis), PUBLIC_MODE)
    return { ...summaryOf(node, file), ...report }
  } finally {
    node.close()
  }
}

function summaryOf({ genesis, height, appHash, appVersion, state }: NodeState, file: string): ExportSummary {
  return { file, chainId: genesis.chainId, height, appHash: toHex(appHash), appVersion, entries: state.size }
}

function* linesOf(head: object, { state }: NodeState): Generator<string> {
  yield JSON.stringify(head)
  for (const [key, value] of state.entries()) {
    yield JSON.stringify({ kind: kindOfKey(key) ?? 'unknown', key: toBase64(key), value: toBase64(value) })
  }
}

function writeLines(file: string, lines: Iterable<string>): void {
  const beside = `${file}.new`
  const descriptor = openSync(beside, 'w', PUBLIC_MODE)
  try {
    try {
      let text = ''
      for (const line of lines) {
        text += `${line}\n`
        if (text.length > FLUSH_CHARACTERS) {
          writeSync(descriptor, text)
          text = ''
        }
      }
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

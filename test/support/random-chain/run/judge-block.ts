import type { BlockInput, BlockResult, TxResult } from '../../../../src/chain/application.ts'
import { createStateTree } from '../../../../src/chain/state-tree.ts'
import { STAMPS_PER_BLOCK, WORK_SIGNATURES_PER_BLOCK } from '../../../../src/chain/tx/block-budget.ts'
import { equalBytes, toHex } from '../../../../src/lib/bytes.ts'
import { errorCode } from '../../../../src/lib/coded-error.ts'
import type { Random } from '../../malformed/bend-bytes.ts'
import { Broken } from '../broken.ts'
import type { Machine } from '../machine.ts'
import { chance, shuffled } from '../random.ts'
import { resultLine } from './sequence.ts'
import type { Tally } from './tally.ts'

/** What is judged of a block beside its state: results, work, the tree behind its app hash, and the stop at an upgrade. */
export function judgeResults(shadow: readonly TxResult[], { txResults }: BlockResult): void {
  const [randomness, ...results] = txResults
  if (randomness?.code !== 0 || results.length !== shadow.length) {
    throw new Broken('a block has a result for each transaction', `${results.length} of ${shadow.length}`)
  }
  for (const [index, result] of results.entries()) {
    const expected = resultLine(shadow[index] as TxResult)
    if (resultLine(result) !== expected) {
      throw new Broken('a transaction does in a block what it does alone', `${resultLine(result)} is not ${expected}`)
    }
  }
}

/** Steps that a block may take beside those of its transactions, and for each of them, whatever they are. */
const READS = { block: 2_500, transaction: 250 } as const
const WRITES = { block: 600, transaction: 80 } as const
/** The signer's and, of up to eight messages, a device key's. */
const SIGNATURES_OF_TRANSACTION = 9
/** Of paid work: validated, and looked at again when applied. */
const LOOKS = 3

export function judgeWork({ work }: Machine, transactions: number, signatures: number): void {
  const bounds = [
    ['reads', work.reads, READS.block + READS.transaction * transactions],
    ['writes', work.writes, WRITES.block + WRITES.transaction * transactions],
    ['attempts', work.attempts, STAMPS_PER_BLOCK + 1],
    ['signatures', signatures, LOOKS * WORK_SIGNATURES_PER_BLOCK + SIGNATURES_OF_TRANSACTION * transactions],
  ] as const
  for (const [name, done, most] of bounds) {
    if (done > most) {
      throw new Broken('the work of a block is bounded', `${done} ${name} for ${transactions} transactions`)
    }
  }
}

const REBUILT_SHARE = 0.05

/** Of all entries in any order, now and then. */
export function judgeTree({ store }: Machine, { appHash }: BlockResult, random: Random, tally: Tally): void {
  if (!chance(random, REBUILT_SHARE)) {
    return
  }
  tally.treesRebuilt += 1
  if (!equalBytes(createStateTree(shuffled(random, [...store.entries()])).root, appHash)) {
    throw new Broken('the app hash is the tree of the entries', 'a tree made anew has another root')
  }
}

/** The block that needs a newer program: it is refused by name, and nothing changes. */
export function judgeUpgradeStop({ app }: Machine, input: BlockInput): void {
  const line = (): string => `${app.info().height} ${toHex(app.info().appHash)}`
  const before = line()
  let code = 'nothing'
  try {
    app.finalizeBlock(input)
  } catch (error) {
    code = errorCode(error)
  }
  if (code !== 'upgrade_needed' || line() !== before) {
    throw new Broken('an older program stops at the height of an upgrade', `it says ${code}`)
  }
}

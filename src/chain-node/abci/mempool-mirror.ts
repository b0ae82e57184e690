import type { TxResult } from '../../chain/application.ts'
import type { AbciAnswerOf, AbciRequestOf } from '../../protocol/abci/codec.ts'
import { CHECK_TYPE } from '../../protocol/abci/codec.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import { hashTx } from '../block.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { CommitFollower, FinalizedBlock } from './app-chain.ts'
import { checkAnswer } from './block-answers.ts'

/** The Cosmos SDK's numbers. */
const CODE_IN_MEMPOOL = 19
const CODE_MEMPOOL_FULL = 20
const CODE_TX_TOO_LARGE = 21

/**
 * The application's mempool behind CometBFT's, fed by its checks. Invariant: CometBFT's pool is never asked what goes into a
 * block; what this one gave up is refused at CometBFT's next recheck, so both hold the same again after each commit.
 */
export class MempoolMirror implements CommitFollower {
  readonly #mempool: Mempool

  constructor(mempool: Mempool) {
    this.#mempool = mempool
  }

  check({ tx, type }: AbciRequestOf<'checkTx'>): AbciAnswerOf<'checkTx'> {
    if (type === CHECK_TYPE.recheck) {
      // The mempool itself checked again after the commit what it holds.
      return this.#mempool.has(hashTx(tx)) ? checkAnswer(ACCEPTED) : checkAnswer(GIVEN_UP)
    }
    const outcome = this.#mempool.add(tx)
    switch (outcome.kind) {
      case 'checked':
        return checkAnswer(outcome.result)
      case 'duplicate':
        return checkAnswer(this.#mempool.has(outcome.hash) ? ACCEPTED : KNOWN)
      case 'too_large':
        return checkAnswer(TOO_LARGE)
    }
  }

  /** What the next block takes. */
  reap(maxTxs: number, maxBytes: number): Uint8Array[] {
    return this.#mempool.reap(maxTxs, maxBytes)
  }

  /** Before CometBFT hears of the commit: its rechecks come right after. */
  committed({ input, result }: FinalizedBlock): void {
    this.#mempool.update(input.txs, result.txResults)
  }
}

const ACCEPTED = verdict(0, '')
const KNOWN = verdict(CODE_IN_MEMPOOL, 'the transaction was seen already')
const GIVEN_UP = verdict(CODE_MEMPOOL_FULL, 'the transaction no longer waits')
const TOO_LARGE = verdict(CODE_TX_TOO_LARGE, `a transaction has at most ${TX_LIMITS.bytes} bytes`)

function verdict(code: number, log: string): TxResult {
  const codespace = code === 0 ? '' : 'sdk'
  return { code, codespace, log, data: new Uint8Array(0), gasWanted: 0n, gasUsed: 0n, events: [] }
}

/**
 * Blocks before they are decided: made (σ_h first, then what the mempool chooses) and judged. Invariant: what `prepare` gives,
 * `process` accepts on every honest node with the same state; and no block is accepted that holds bytes which no honest
 * proposer puts there.
 */
import type { BlockInput } from '../../chain/application.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import type { AbciAnswerOf, AbciPrepareProposal, AbciProcessProposal } from '../../protocol/abci/codec.ts'
import { VERDICT } from '../../protocol/abci/codec.ts'
import { blsSign } from '../../protocol/randomness.ts'
import { decodeRandomnessTx, decodeTx, encodeRandomnessTx } from '../../protocol/tx.ts'
import { PROPOSAL_LIMITS } from '../limits.ts'
import type { ValidatorKey } from '../validator-key.ts'
import type { AppChain } from './app-chain.ts'
import { proposedInput } from './block-input.ts'
import type { MempoolMirror } from './mempool-mirror.ts'

/** Of each transaction within CometBFT's max_tx_bytes: a tag and its length. */
const TX_OVERHEAD_BYTES = 5

export interface ProposalComponents {
  readonly chain: AppChain
  readonly mempool: MempoolMirror
  readonly validatorKey: ValidatorKey
  readonly logger: Logger
}

export class Proposals {
  readonly #components: ProposalComponents
  #signed: { readonly message: Uint8Array; readonly tx: Uint8Array } | undefined

  constructor(components: ProposalComponents) {
    this.#components = components
  }

  /** @throws CodedError `invalid_block` for another height than the next */
  prepare({ height, maxTxBytes, proposerAddress }: AbciPrepareProposal): AbciAnswerOf<'prepareProposal'> {
    const { mempool, validatorKey, logger } = this.#components
    if (!equalBytes(proposerAddress, validatorKey.address)) {
      // CometBFT signs with another key than the one beside us: whatever is proposed will be refused by everyone.
      logger.log('error', "cannot propose: the consensus key is not this node's", { proposer: toHex(proposerAddress) })
      return { txs: [] }
    }
    const randomness = this.#randomnessTx(height)
    const overhead = randomness.length + (PROPOSAL_LIMITS.txs + 1) * TX_OVERHEAD_BYTES
    const room = Math.max(0, Number(maxTxBytes) - overhead)
    return { txs: [randomness, ...mempool.reap(PROPOSAL_LIMITS.txs, Math.min(PROPOSAL_LIMITS.bytes, room))] }
  }

  process(request: AbciProcessProposal): AbciAnswerOf<'processProposal'> {
    const input = proposedInput(request)
    const reason = this.#violationOf(input)
    if (reason !== undefined) {
      const { height, proposer } = input
      this.#components.logger.log('warn', 'proposal refused', { height, proposer: toHex(proposer), reason })
    }
    return { status: reason === undefined ? VERDICT.accept : VERDICT.reject }
  }

  /** A round that failed has the same σ_h as the next one. */
  #randomnessTx(height: bigint): Uint8Array {
    const { chain, validatorKey } = this.#components
    const message = chain.application.randomnessMessage(height)
    if (this.#signed === undefined || !equalBytes(this.#signed.message, message)) {
      this.#signed = { message, tx: encodeRandomnessTx(blsSign(validatorKey.blsSecret, message)) }
    }
    return this.#signed.tx
  }

  #violationOf(input: BlockInput): string | undefined {
    try {
      // Cheap before dear: a signature of BLS costs 30 ms.
      return (
        contentViolation(input.txs) ?? (this.#components.chain.application.processProposal(input) ? undefined : 'rules')
      )
    } catch (error) {
      // A defect of ours must not be a vote for a block that cannot be executed.
      return errorMessage(error)
    }
  }
}

/** What the first transaction is, the rules of blocks say (chain/block-rules.ts). */
function contentViolation([, ...txs]: readonly Uint8Array[]): string | undefined {
  for (const tx of txs) {
    if (decodeRandomnessTx(tx) !== undefined) {
      return 'a second transaction carries randomness'
    }
    try {
      decodeTx(tx)
    } catch (error) {
      return `a transaction cannot be decoded: ${errorMessage(error)}`
    }
  }
  return undefined
}

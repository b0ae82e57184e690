/** The host's chain port over the chain client: the same questions, the host's two keys behind names. */
import type { ChainClient } from '../chain-client/create-chain-client.ts'
import { connectChainClient } from '../chain-client/create-chain-client.ts'
import type { Registration } from '../chain-client/history-queries.ts'
import type { ChainPort, TxOutcome } from '../host/ports.ts'
import type { WorkChainPort } from '../host/work/ports.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../lib/runtime.ts'
import type { TypedMessage } from '../protocol/messages.ts'
import { createTxSigner } from './keys/key-ports.ts'
import type { Signer } from './keys/signer.ts'

export interface ClosableChainPort extends ChainPort {
  readonly work: WorkChainPort
  readonly history: HistoryChainPort
  /**
   * Signs with the owner key what a person confirmed, once, and waits for its block.
   * @throws CodedError `wallet_locked`, `signing_refused`, `tx_timeout`, `tx_superseded`, `chain_unreachable`
   */
  sendOnce(transaction: OwnerTransaction, signal: AbortSignalLike): Promise<TxOutcome>
  /** Asks and subscribes anew at once, e.g. after the computer slept. */
  reconnect(): void
  close(): Promise<void>
}

export interface OwnerTransaction {
  readonly message: TypedMessage
  /** utail */
  readonly fee: bigint
  readonly memo: string
  /** The last block that may hold it; 0 = any. */
  readonly timeoutHeight: bigint
}

const GAS_LIMIT = 200_000

/** Questions that only the screen asks. */
export interface HistoryChainPort {
  /** Unix ms of these blocks, at most 1,024; what the node does not have is missing. */
  blockTimes(heights: readonly number[], signal: AbortSignalLike): Promise<ReadonlyMap<number, number>>
  /** Newest first, at most 100. */
  registrations(owner: string, signal: AbortSignalLike): Promise<readonly Registration[]>
}

/** @throws CodedError `chain_unreachable`, `wrong_chain`, `malformed_answer` */
export async function connectChainPort(
  components: { readonly clock: Clock; readonly logger: Logger },
  options: { readonly rpcUrl: string; readonly signer: Signer },
  signal: AbortSignalLike,
): Promise<ClosableChainPort> {
  const client = await connectChainClient(components, { rpcUrl: options.rpcUrl }, signal)
  const signers = {
    owner: createTxSigner(options.signer, 'owner'),
    device: createTxSigner(options.signer, 'device'),
  }
  return {
    chainId: client.chainId,
    work: createWorkChainPort(client),
    history: client.history,
    params: (end) => client.params(end),
    epoch: (end) => client.epoch(end),
    host: (address, end) => client.host(address, end),
    hosts: (end) => client.hosts(end),
    assignment: (epoch, verifier, end) => client.assignment(epoch, verifier, end),
    openings: (epoch, end) => client.openings(epoch, end),
    finds: (epoch, host, end) => client.finds(epoch, host, end),
    ledger: (host, fromSequence, end) => client.ledger(host, fromSequence, end),
    balance: (address, end) => client.balance(address, end),
    appHash: (height, end) => client.appHash(height, end),
    submit: (messages, key, end) => client.submit(messages, { signer: signers[key] }, end),
    sendOnce: ({ message, fee, memo, timeoutHeight }, end) =>
      client.submit(
        [message],
        { signer: signers.owner, fee: { amount: fee, gasLimit: GAS_LIMIT }, memo, timeoutHeight, isSignedOnce: true },
        end,
      ),
    onBlock: (listener) => client.onBlock(listener),
    onConnection: (listener) => client.onConnection(listener),
    reconnect: () => client.reconnect(),
    close: async () => client.close(),
  }
}

/** The questions about paid work over the same client. */
export function createWorkChainPort(client: ChainClient): WorkChainPort {
  return {
    models: (end) => client.work.models(end),
    escrow: (payer, end) => client.work.escrow(payer, end),
    lane: (payer, executor, end) => client.work.lane(payer, executor, end),
    roster: (model, height, end) => client.work.roster(model, height, end),
    services: (host, end) => client.work.services(host, end),
    batch: (id, end) => client.work.batch(id, end),
    batches: (host, fromId, end) => client.work.batches(host, fromId, end),
    workDuties: (host, end) => client.work.workDuties(host, end),
    async randomness(height, end) {
      try {
        return await client.randomness(BigInt(height), end)
      } catch (error) {
        if (errorCode(error) === 'query_refused') {
          return undefined
        }
        throw error
      }
    },
    postedWork: (txHash, end) => client.work.postedWork(txHash, end),
  }
}

/** What the screen does as a developer on this computer: chat through the local gateway, fetch and check receipts. */
import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import type { ChatEvent, ChatInput, ReceiptVerdict } from '../../ipc/wires/developer-wire.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import type { ReceiptBundle } from '../../protocol/gen/tailrace/v1/work.ts'
import { encodeBundle } from '../../protocol/work/bundle.ts'
import type { GatewayClient } from '../gateway/gateway-client.ts'
import { checkReceipt } from '../receipt-check.ts'
import { chatThroughGateway } from './playground.ts'

export interface DeveloperDesk {
  chat(input: ChatInput, signal: AbortSignal): AsyncGenerator<ChatEvent, void>
  /** Undefined while it is not on chain or not known. */
  receiptFile(orderHash: string, signal: AbortSignal): Promise<string | undefined>
  verifyReceipt(orderHash: string, signal: AbortSignal): Promise<ReceiptVerdict>
}

export interface DeveloperDeskComponents {
  readonly gateway: GatewayClient
  /** The proof of a receipt of this computer's own host; undefined where it has none. */
  readonly ownReceipt: (orderHash: string, signal: AbortSignal) => Promise<ReceiptBundle | undefined>
  readonly apiKey: string
  readonly rpcUrl: string
  readonly clock: Clock
  readonly logger: Logger
}

export function createDeveloperDesk(components: DeveloperDeskComponents): DeveloperDesk {
  const { gateway, ownReceipt, apiKey, rpcUrl, clock, logger } = components

  /** As the developer's gateway has it, else as the executor on this computer does: other gateways order here too. */
  async function find(
    orderHash: string,
    signal: AbortSignal,
  ): Promise<{ readonly state: 'unknown' | 'pending'; readonly text?: string }> {
    const { state, text } = await gateway.receipt(orderHash)
    if (state === 'ready') {
      return { state: 'pending', text }
    }
    const own = await ownReceipt(orderHash, signal)
    return own === undefined ? { state } : { state: 'pending', text: encodeBundle(own) }
  }

  /** Checked as a stranger would: over a client of its own, with nothing that this application knows. */
  async function verify(text: string, signal: AbortSignal): Promise<ReceiptVerdict> {
    const chain = await connectChainClient({ clock, logger }, { rpcUrl }, signal)
    try {
      const report = await checkReceipt(text, chain, signal)
      return {
        state: report.valid ? 'verified' : 'failed',
        checks: report.checks.map(({ name, result }) => ({ name, result })),
        batch: report.batch.toString(),
        txHash: report.txHash,
      }
    } finally {
      chain.close()
    }
  }

  return {
    chat: (input, signal) => chatThroughGateway({ baseUrl: gateway.baseUrl, apiKey }, input, signal),
    receiptFile: async (orderHash, signal) => (await find(orderHash, signal)).text,
    async verifyReceipt(orderHash, signal) {
      const { state, text } = await find(orderHash, signal)
      if (text === undefined) {
        return { state, checks: [], batch: null, txHash: '' }
      }
      try {
        return await verify(text, signal)
      } catch (error) {
        logger.log('warn', 'receipt not checked', { error: errorMessage(error) })
        throw error
      }
    },
  }
}

/**
 * A validator's heartbeats: once a slot the app hash of its own state, signed by the node's account. They show that the node follows the
 * chain; without them a key gains no power (docs/decisions/0020-consensus-power.md). Invariant: at most one is under way, and a
 * node whose key the chain does not know asks seldom.
 */
import type { ChainClient } from '../../chain-client/create-chain-client.ts'
import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { createSigner } from '../../chain-client/tx-signing.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { Clock, Logger } from '../../lib/runtime.ts'
import { MsgValidatorHeartbeat } from '../../protocol/gen/tailrace/v1/tx.ts'

export interface HeartbeatOptions {
  /** CometBFT's, of this very node. */
  readonly rpcUrl: string
  readonly accountSecret: Uint8Array
  /** Consensus address, 20 bytes. */
  readonly validator: Uint8Array
  /** Of the network's parameters. */
  readonly slotBlocks: number
  /** Of the last commit. */
  readonly tip: () => { readonly height: number; readonly appHash: Uint8Array }
}

export interface Heartbeats {
  stop(): Promise<void>
}

const TICK_MS = 500
/** Slots that pass after a refusal: the key is not registered, or this node is far behind. */
const SLOTS_AFTER_REFUSAL = 3

type Sender = Pick<ChainClient, 'submitSync'>
type Sent = 'taken' | 'refused' | 'failed'

export function startHeartbeats(
  components: { readonly clock: Clock; readonly logger: Logger },
  options: HeartbeatOptions,
): Heartbeats {
  const stopping = new AbortController()
  const running = run(components, options, stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) {
      components.logger.log('error', 'no more heartbeats', { error: errorMessage(error) })
    }
  })
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function run(
  components: { readonly clock: Clock; readonly logger: Logger },
  options: HeartbeatOptions,
  signal: AbortSignal,
): Promise<void> {
  // Where CometBFT is not up yet this waits for it.
  const client = await connectChainClient(components, { rpcUrl: options.rpcUrl }, signal)
  try {
    await beat({ ...components, sender: client }, options, signal)
  } finally {
    client.close()
  }
}

/** Ends with the signal. */
export async function beat(
  { clock, logger, sender }: { readonly clock: Clock; readonly logger: Logger; readonly sender: Sender },
  options: HeartbeatOptions,
  signal: AbortSignal,
): Promise<void> {
  const { tip, slotBlocks } = options
  let nextSlot = 0
  while (!signal.aborted) {
    const { height, appHash } = tip()
    const slot = Math.trunc(height / slotBlocks)
    if (height > 0 && slot >= nextSlot) {
      const sent = await send({ sender, logger }, options, { height, appHash }, signal)
      // What failed on the way is tried again at the next tick.
      nextSlot = sent === 'taken' ? slot + 1 : sent === 'refused' ? slot + SLOTS_AFTER_REFUSAL : nextSlot
    }
    await clock.sleep(TICK_MS, signal).catch(() => undefined)
  }
}

async function send(
  { sender, logger }: { readonly sender: Sender; readonly logger: Logger },
  { accountSecret, validator }: HeartbeatOptions,
  { height, appHash }: { readonly height: number; readonly appHash: Uint8Array },
  signal: AbortSignal,
): Promise<Sent> {
  const signer = createSigner(accountSecret)
  const value = MsgValidatorHeartbeat.fromPartial({
    signer: signer.address,
    validator,
    height: BigInt(height),
    appHash,
  })
  try {
    const { code, log } = await sender.submitSync(
      [{ typeUrl: '/tailrace.v1.MsgValidatorHeartbeat', value }],
      { signer },
      signal,
    )
    if (code !== 0) {
      logger.log('info', 'heartbeat refused', { height, code, log })
    }
    return code === 0 ? 'taken' : 'refused'
  } catch (error) {
    logger.log('debug', 'heartbeat not sent', { height, error: errorMessage(error) })
    return 'failed'
  }
}

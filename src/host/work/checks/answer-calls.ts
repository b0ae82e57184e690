/**
 * A verifier that finds nobody calls by gossip. Who keeps the data and could not be reached goes to it: a connection that was
 * opened from here carries the verifier's next question, whatever stands between the two.
 */
import { equalBytes, toHex } from '../../../lib/bytes.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import { encodeAddress } from '../../../protocol/address.ts'
import type { CheckRequest } from '../../../protocol/gen/tailrace/v1/gossip.ts'
import type { HostContext } from '../../context.ts'
import { withTimeLimit } from '../../tasks.ts'
import type { CheckingComponents } from './checking-components.ts'

type CallComponents = Pick<CheckingComponents, 'chain' | 'peers' | 'store'>

/** Calls that are answered at once; more are left to the next call. */
const MOST_AT_ONCE = 4
const REACH_MS = 10_000

/** Answers until the signal aborts. */
export async function answerCalls(host: HostContext, components: CallComponents, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>()
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  const unsubscribe = components.peers.onCheckRequest((call) => {
    if (running.size >= MOST_AT_ONCE || call.host === host.keys.ownerAddress) {
      return
    }
    const answer = answerCall(host, components, call, signal).finally(() => running.delete(answer))
    running.add(answer)
  })
  if (!signal.aborted) {
    await ended
  }
  unsubscribe()
  await Promise.all(running)
}

/** Never rejects. */
async function answerCall(
  host: HostContext,
  components: CallComponents,
  call: CheckRequest,
  signal: AbortSignal,
): Promise<void> {
  try {
    const model = await keptModel(components, call)
    if (model === undefined || !(await isDrawn(components, call, signal))) {
      return
    }
    const peerId = (await host.chain.host(call.host, signal))?.peerId ?? ''
    if (peerId === '' || peerId === components.peers.peerId) {
      return
    }
    const question = { orderHash: call.orderHash, model }
    // What it answers does not matter: it is reached.
    await withTimeLimit(host.clock, REACH_MS, signal, (end) => components.peers.probe(peerId, question, end))
  } catch (error) {
    host.logger.log('debug', 'caller not reached', { batch: call.batch, point: call.point, code: errorCode(error) })
  }
}

/** Of the work that this host did or keeps; undefined where it has none of this name. */
async function keptModel({ store }: CallComponents, { orderHash, batch }: CheckRequest): Promise<string | undefined> {
  const name = toHex(orderHash)
  const kept = await store.keptOpening(name, batch)
  return kept?.opening.order?.order?.model ?? (await store.job(name))?.order.order?.model
}

async function isDrawn({ chain }: CallComponents, call: CheckRequest, signal: AbortSignal): Promise<boolean> {
  const { checks } = await chain.batch(call.batch, signal)
  const check = checks.find(({ point }) => point === call.point)
  const isOfOrder = equalBytes(check?.opening?.leaf?.orderHash ?? new Uint8Array(0), call.orderHash)
  const parties = [...(check?.checkers ?? []), ...(check?.arbiters ?? [])]
  return isOfOrder && parties.some(({ host }) => encodeAddress(host) === call.host)
}

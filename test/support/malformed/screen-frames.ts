/** Frames of the screen's socket: what a real client sends for procedures of every kind, and what nobody should send. */
import type { ScreenClient } from '../../../src/ipc/screen-client.ts'
import { createScreenClient } from '../../../src/ipc/screen-client.ts'
import type { Random } from './bend-bytes.ts'
import { below, pick } from './bend-bytes.ts'
import { bentText, bentValue } from './bend-values.ts'

interface Frame {
  readonly i: unknown
  readonly p: { readonly u: string; readonly b?: unknown }
}

const LEASE = 'ab'.repeat(16)
const CALLS: readonly ((client: ScreenClient) => Promise<unknown>)[] = [
  (client) => client.host.join(),
  (client) => client.ledger.list({ fromSequence: '0', limit: 5 }),
  (client) => client.receipts.file({ orderHash: 'cd'.repeat(32) }),
  (client) => client.earnings.history({ limit: 5 }),
  (client) => client.settings.change({ dutyPpm: 500_000, models: ['whale-0.9m'] }),
  (client) => client.machine.readings(),
  (client) => client.wallet.create({ words: 12 }),
  (client) => client.wallet.prepareSend({ to: 'tail1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn3x9zyf', amount: '5', memo: 'x' }),
  (client) => client.wallet.setPayout({ address: '' }),
  (client) => client.logs.tail({ file: 'host.log', lines: 10 } as never),
  (client) => client.compute.lease({ clientId: LEASE, force: false }),
  (client) => client.compute.reply({ leaseId: LEASE, requestId: 1, reply: { type: 'working' } }),
  (client) => client.playground.chat({ model: 'whale-0.9m', messages: [{ role: 'user', content: 'Hi' }] } as never),
]

/** Every call's frame, as the library writes it. */
export async function validFrames(): Promise<readonly Frame[]> {
  const frames: Frame[] = []
  const socket = new EventTarget() as EventTarget & { readyState: number; send(data: string): void }
  socket.readyState = WebSocket.OPEN
  socket.send = (data) => {
    frames.push(JSON.parse(data) as Frame)
  }
  const client = createScreenClient(socket as never)
  for (const call of CALLS) {
    // Nobody answers: the frame is all that is wanted.
    call(client).catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return frames
}

/** Half of them are frames with a bent body: those reach a procedure. `id` is that of the request. */
export function bentFrame(random: Random, valid: readonly Frame[], id: number): string {
  if (below(random, 4) === 0) {
    return bentText(random, valid)
  }
  const { p } = pick(random, valid)
  const bodies = valid.map((frame) => frame.p.b)
  const body = below(random, 3) === 0 ? bentValue(random, bodies) : bentValue(random, [p.b])
  return JSON.stringify({ i: String(id), p: { ...p, b: body } })
}

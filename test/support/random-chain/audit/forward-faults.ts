import type { StateView } from './state-view.ts'

/** What may only rise, from one block to the next. */
export function* forwardFaults(before: StateView, after: StateView): Generator<string> {
  for (const { id, value: was } of before.rows('lane')) {
    const now = after.get('lane', id)
    if (now === undefined || now.accepted < was.accepted || now.sequence < was.sequence || now.vouched < was.vouched) {
      yield `lane ${id} fell from ${was.accepted} to ${now?.accepted}`
    }
  }
  for (const { id, value: was } of before.rows('sequence')) {
    if ((after.get('sequence', id) ?? -1n) < was) {
      yield `sequence of ${id} fell from ${was}`
    }
  }
  for (const { id, value: was } of before.rows('escrow')) {
    const now = after.get('escrow', id)
    const isForward =
      now !== undefined &&
      now.deposited >= was.deposited &&
      now.paid >= was.paid &&
      now.refunded >= was.refunded &&
      now.totalSeen >= was.totalSeen &&
      (now.closed || !was.closed) &&
      (now.frozen || !was.frozen)
    if (!isForward) {
      yield `escrow ${id} went back`
    }
  }
  for (const kind of ['batchCounter', 'reexecutionCounter'] as const) {
    if ((after.get(kind) ?? 0n) < (before.get(kind) ?? 0n)) {
      yield `${kind} fell`
    }
  }
  const [was, now] = [before.get('supply'), after.get('supply')]
  const isSame = was?.genesis === now?.genesis
  const isRising =
    BigInt(now?.minted || '0') >= BigInt(was?.minted || '0') && BigInt(now?.burned || '0') >= BigInt(was?.burned || '0')
  if (!isSame || !isRising) {
    yield 'genesis changed, or minted or burned fell'
  }
}

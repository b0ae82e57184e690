import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { Trouble } from '../../../ipc/wires/trouble-wire.ts'

const CHAIN_CODES: ReadonlySet<Trouble['code']> = new Set(['chain_unreachable', 'chain_catching_up', 'chain_halted'])

/** Worst first. A chain that does not answer is said even before the host counts it as a trouble. */
export function troublesOf({ troubles, chain, nowMs }: ScreenSnapshot): readonly Trouble[] {
  const isSaid = troubles.some(({ code }) => CHAIN_CODES.has(code))
  const silent: readonly Trouble[] =
    chain.connection === 'disconnected' && !isSaid
      ? [{ code: 'chain_unreachable', level: 'warning', sinceMs: nowMs, fields: {} }]
      : []
  const all = [...troubles, ...silent]
  return [...all.filter(({ level }) => level === 'error'), ...all.filter(({ level }) => level === 'warning')]
}

/** The local network's own processes, and the connections to other hosts. */
import type { ChildStatus } from '../network/supervisor.ts'
import type { TroubleSource } from './trouble-source.ts'

export interface NetworkTroublePorts {
  readonly members: () => readonly ChildStatus[]
  /** Whether the gateway answered when it was asked last. */
  readonly isGatewayAnswering: () => boolean
  readonly connectedPeers: () => number
}

/** So many restarts within the span are no accident. */
const RESTARTS = 3
const RESTARTS_WITHIN_MS = 5 * 60_000
const GATEWAY = 'gateway'

export function networkTroubles(ports: NetworkTroublePorts): readonly TroubleSource[] {
  return [
    {
      code: 'gateway_gone',
      level: 'error',
      afterMs: 4_000,
      endAfterMs: 2_000,
      read() {
        const restarts = ports.members().find(({ name }) => name === GATEWAY)?.restarts ?? 0
        return ports.isGatewayAnswering() ? undefined : { restarts }
      },
    },
    failingSource(ports.members),
    {
      code: 'no_peers',
      level: 'warning',
      afterMs: 8_000,
      endAfterMs: 2_000,
      read: () => (ports.connectedPeers() === 0 ? {} : undefined),
    },
  ]
}

/** A member that stops again and again; one that stopped once is started again and no trouble. */
function failingSource(members: () => readonly ChildStatus[]): TroubleSource {
  const known = new Map<string, number>()
  const stops: { readonly name: string; readonly atMs: number }[] = []
  return {
    code: 'member_failing',
    level: 'error',
    afterMs: 0,
    endAfterMs: 0,
    read({ steadyMs }) {
      for (const { name, restarts } of members()) {
        for (let seen = known.get(name) ?? restarts; seen < restarts; seen++) {
          stops.push({ name, atMs: steadyMs })
        }
        known.set(name, restarts)
      }
      while (stops[0] !== undefined && steadyMs - stops[0].atMs > RESTARTS_WITHIN_MS) {
        stops.shift()
      }
      const counts = members().map(({ name }) => ({
        name,
        restarts: stops.filter((stop) => stop.name === name).length,
      }))
      const worst = counts.sort((a, b) => b.restarts - a.restarts)[0]
      return worst !== undefined && worst.restarts >= RESTARTS ? { ...worst } : undefined
    },
  }
}

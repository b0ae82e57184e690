/** The lines between the nodes of a test network: node i reaches node j through a relay of this process, so each can be cut. */
import type { CutStyle, Relay } from './relay.ts'
import { startRelay } from './relay.ts'

export interface Links {
  /** Where `from` dials `to`: a port on 127.0.0.1. */
  port(from: number, to: number): number
  /** Cuts every line of this node. */
  cut(node: number, style?: CutStyle): void
  /** Cuts the lines between the two groups: each keeps its own. */
  split(group: readonly number[], style?: CutStyle): void
  /** Mends every line. */
  heal(): void
  stop(): Promise<void>
}

/** `ports`: those on which the nodes listen for peers. */
export async function startLinks(ports: readonly number[]): Promise<Links> {
  const relays = new Map<string, Relay>()
  for (const [from] of ports.entries()) {
    for (const [to, target] of ports.entries()) {
      if (from !== to) {
        relays.set(`${from}-${to}`, await startRelay(0, target))
      }
    }
  }
  const cutWhere = (isCut: (from: number, to: number) => boolean, style?: CutStyle): void => {
    for (const [name, relay] of relays) {
      const [from = -1, to = -1] = name.split('-').map(Number)
      if (isCut(from, to)) {
        relay.cut(style)
      }
    }
  }
  return {
    port(from, to) {
      const relay = relays.get(`${from}-${to}`)
      if (relay === undefined) {
        throw new Error(`no line from ${from} to ${to}`)
      }
      return relay.port
    },
    cut: (node, style) => cutWhere((from, to) => from === node || to === node, style),
    split: (group, style) => cutWhere((from, to) => group.includes(from) !== group.includes(to), style),
    heal: () => [...relays.values()].map((relay) => relay.heal()),
    async stop() {
      await Promise.all([...relays.values()].map((relay) => relay.stop()))
    },
  }
}

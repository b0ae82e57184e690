/** The local network's own settings: which ports its processes use. Kept over restarts, so that peers find each other again. */
import { join } from 'node:path'
import { z } from 'zod'
import { readPrivateJson, writePrivateJson } from '../private-file.ts'
import { findPort, tryPort } from './free-port.ts'

const PORT = z.int().min(1).max(65_535)
const NETWORK_FILE = z.strictObject({
  version: z.literal(1),
  rpcPort: PORT,
  appP2pPort: PORT,
  companionP2pPorts: z.array(PORT).length(2),
  gatewayPort: PORT.optional(),
  gatewayP2pPort: PORT.optional(),
})
export type NetworkPorts = Required<z.infer<typeof NETWORK_FILE>>

export interface PortChange {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Ports as stored, or new ones; a stored port that something else took meanwhile is replaced and reported. */
export async function loadNetworkPorts(
  home: string,
  wanted: { readonly rpcPort: number },
): Promise<{ readonly ports: NetworkPorts; readonly changes: readonly PortChange[] }> {
  const file = join(home, 'network.json')
  const stored = readPrivateJson(file, NETWORK_FILE)
  const changes: PortChange[] = []
  const taken = new Set<number>()
  const choose = async (name: string, preferred: number): Promise<number> => {
    const isFree = preferred > 0 && !taken.has(preferred) && (await tryPort(preferred)) !== undefined
    let chosen = isFree ? preferred : await findPort(0)
    while (taken.has(chosen)) {
      chosen = await findPort(0)
    }
    taken.add(chosen)
    if (preferred > 0 && chosen !== preferred) {
      changes.push({ name, from: preferred, to: chosen })
    }
    return chosen
  }
  const ports: NetworkPorts = {
    version: 1,
    rpcPort: await choose('rpc', wanted.rpcPort > 0 ? wanted.rpcPort : (stored?.rpcPort ?? 0)),
    appP2pPort: await choose('app p2p', stored?.appP2pPort ?? 0),
    companionP2pPorts: [
      await choose('companion-1 p2p', stored?.companionP2pPorts[0] ?? 0),
      await choose('companion-2 p2p', stored?.companionP2pPorts[1] ?? 0),
    ],
    gatewayPort: await choose('gateway', stored?.gatewayPort ?? 0),
    gatewayP2pPort: await choose('gateway p2p', stored?.gatewayP2pPort ?? 0),
  }
  writePrivateJson(file, ports)
  return { ports, changes }
}

/** A data folder as version 0.1.0 left it: open keys, the memory of a host that had joined, ports without a gateway's. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../../src/lib/bytes.ts'
import { tryPort } from '../../../src/main/network/free-port.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import { publicKeyOf } from '../../../src/protocol/signature.ts'

export interface OldFolder {
  /** `tail1…` of the owner key in it. */
  readonly owner: string
  readonly rpcPort: number
}

const OWNER_KEY = new Uint8Array(32).fill(7)
const DEVICE_KEY = new Uint8Array(32).fill(8)
const PEER_KEY = new Uint8Array(32).fill(9)

export async function writeOldFolder(home: string): Promise<OldFolder> {
  const app = join(home, 'app')
  mkdirSync(app, { recursive: true, mode: 0o700 })
  const write = (path: string, value: unknown): void => {
    writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  }
  const keys = { ownerKey: toHex(OWNER_KEY), deviceKey: toHex(DEVICE_KEY), peerKey: toHex(PEER_KEY) }
  write(join(app, 'keys.json'), { version: 1, ...keys })
  write(join(app, 'memory.json'), { version: 1, joined: true })
  const ports = await Promise.all([tryPort(0), tryPort(0), tryPort(0), tryPort(0)])
  const [rpcPort = 0, appP2pPort = 0, ...companionP2pPorts] = ports
  write(join(home, 'network.json'), { version: 1, rpcPort, appP2pPort, companionP2pPorts })
  return { owner: addressOfPublicKey(publicKeyOf(OWNER_KEY)), rpcPort }
}

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodeGenesis } from '../../src/chain-node/genesis-file.ts'
import { createLocalGenesis } from '../../src/chain-node/local-genesis.ts'
import { genesisValidatorOf, loadOrCreateValidatorKey } from '../../src/chain-node/validator-key.ts'
import { SYSTEM_RNG } from '../../src/main/system.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import type { GenesisHost } from '../../src/protocol/genesis.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import type { Actor, HostActor } from '../../test/support/chain/chain-harness.ts'
import { actorNamed } from '../../test/support/chain/chain-harness.ts'
import { startCometNetwork } from '../../test/support/comet/comet-network.ts'

/** A running chain with an account that has money, and hosts with weight. */
export interface FloodTarget {
  readonly rpcUrl: string
  readonly chainId: string
  readonly developer: Actor
  stop(): Promise<void>
}

export type FloodEngine = 'embedded' | 'cometbft'

/** With blocks every second, empty or not. */
export async function startTarget(engine: FloodEngine, hosts: readonly HostActor[]): Promise<FloodTarget> {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-flood-'))
  const genesisHosts = hosts.map(genesisHostOf)
  const target = engine === 'embedded' ? await startEmbedded(home, genesisHosts) : await startComet(home, genesisHosts)
  return {
    ...target,
    async stop() {
      await target.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function startEmbedded(home: string, hosts: readonly GenesisHost[]): Promise<FloodTarget> {
  const developer = actorNamed('flood developer')
  const genesis = createLocalGenesis({
    timeMs: Date.now(),
    validators: [genesisValidatorOf(loadOrCreateValidatorKey(home, SYSTEM_RNG), 10n)],
    developer,
    hosts,
  })
  writeFileSync(join(home, 'genesis.json'), encodeGenesis(genesis))
  const script = fileURLToPath(new URL('./flood-node.ts', import.meta.url))
  const child = spawn(process.execPath, [script, home], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const rpcUrl = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', () => reject(new Error('the node ended before it listened')))
  })
  return {
    rpcUrl,
    chainId: genesis.chainId,
    developer,
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}

async function startComet(home: string, hosts: readonly GenesisHost[]): Promise<FloodTarget> {
  const network = await startCometNetwork({ validators: 1, home, options: { hosts, links: 'direct' } })
  const secret = network.developer.ownerKey
  const publicKey = publicKeyOf(secret)
  return {
    rpcUrl: network.rpcUrls[0] as string,
    chainId: network.genesis.chainId,
    developer: { name: 'developer', secret, publicKey, address: addressOfPublicKey(publicKey) },
    stop: () => network.stop(),
  }
}

function genesisHostOf({ owner, device }: HostActor): GenesisHost {
  return {
    owner: owner.address,
    devicePublicKey: device.publicKey,
    peerId: `peer of ${owner.name}`,
    shape: 'dev',
    moniker: owner.name,
  }
}

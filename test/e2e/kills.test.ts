/**
 * SIGKILL of a random process of the local network at random moments, while completions are ordered and money is sent: chain node,
 * companions, gateway, and the app itself with all of them. After each kill everything comes back and the chain goes on; at the
 * end nothing that anybody was told is lost, nothing is paid twice, and the blocks replay to the same app hashes.
 * `TAILRACE_KILLS` says how many (10), `TAILRACE_KILL_SEED` which.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { ChainClient } from '../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../src/chain-client/tx-signing.ts'
import { readGenesisFile } from '../../src/chain-node/genesis-file.ts'
import { utf8 } from '../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { connectChainPort } from '../../src/main/chain-port.ts'
import { loadOrCreateHostKeys } from '../../src/main/host-keys.ts'
import { signerOfHostKeys } from '../../src/main/keys/local-signer.ts'
import { memberHome } from '../../src/main/network/local-network.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import { createDrawStream } from '../../src/protocol/draw.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { readWhale } from '../support/gateway/whale.ts'
import { auditBlocks, auditBooks, auditRunning } from '../support/kills/kill-audit.ts'
import { startKillLoad } from '../support/kills/kill-load.ts'
import type { Victim } from '../support/kills/kill-network.ts'
import { startKillNetwork, VICTIMS } from '../support/kills/kill-network.ts'
import { replayBlocks } from '../support/kills/replay.ts'
import { waitFor } from '../support/wait-for.ts'

const KILLS = Number(process.env.TAILRACE_KILLS ?? '10')
const SEED = process.env.TAILRACE_KILL_SEED ?? '1'
/** Nothing else ever pays it. */
const RECEIVER = addressOfPublicKey(publicKeyOf(sha256(utf8('receiver of the kill test'))))
const NEVER = new AbortController().signal
const COMPONENTS = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
const MOST_PAUSE_MS = 2_000n
const FIRST_ORDER_DEADLINE_MS = 120_000
/** Starting, the last batches and the replay; and of each kill. */
const TIMEOUT_MS = 420_000 + KILLS * 20_000

test(`${KILLS} kills lose nothing that was acknowledged and pay nothing twice`, { timeout: TIMEOUT_MS }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'tailrace-kills-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const network = await startKillNetwork(home, () => undefined)
  onTestFinished(() => network.stop())
  const { ownerKey } = loadOrCreateHostKeys(memberHome(home, 'developer'), SYSTEM_RNG)
  const sender = createSigner(ownerKey)
  const rpcUrl = network.started().rpc
  const chain = await connectChainClient(COMPONENTS, { rpcUrl }, NEVER)
  const keys = loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG)
  const port = await connectChainPort(COMPONENTS, { rpcUrl, signer: signerOfHostKeys(keys) }, NEVER)
  const load = startKillLoad({
    chain,
    sender,
    receiver: RECEIVER,
    model: readWhale().id,
    gateway: () => ({ openai: network.started().openai, apiKey: network.started().apiKey }),
  })
  const { told } = load
  await waitFor('a first order', () => told.orders.size > 0, { deadlineMs: FIRST_ORDER_DEADLINE_MS })
  const killed = new Map<Victim, number>()
  const random = createDrawStream(sha256(utf8(`kills ${SEED}`)))
  let left: Victim[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(Number(random.below(MOST_PAUSE_MS)))
    // Each of them once in every round, in random order: ten kills hit the app as well.
    left = left.length === 0 ? [...VICTIMS] : left
    const [victim] = left.splice(Number(random.below(BigInt(left.length))), 1) as [Victim]
    await killOne(network, chain, victim)
    killed.set(victim, (killed.get(victim) ?? 0) + 1)
  }
  await load.stop()
  const gateway = { openai: network.started().openai, apiKey: network.started().apiKey }
  const money = await auditRunning({ chain, port, developer: sender.address, gateway })
  const balance = await chain.balance(RECEIVER, NEVER)
  chain.close()
  await port.close()
  await network.stop()
  auditBooks(home, money, told)
  const nodeHome = memberHome(home, 'node')
  const genesis = readGenesisFile(join(nodeHome, 'genesis.json'))
  if (genesis === undefined) {
    throw new Error('the genesis is gone')
  }
  const replay = replayBlocks(nodeHome, genesis)
  auditBlocks(told, replay, balance)
  expect(told.transfers.size).toBeGreaterThan(0)
  process.stderr.write(
    `${KILLS} kills (${[...killed].map(([name, times]) => `${name} ${times}`).join(', ')}): ${replay.height} blocks, ` +
      `${told.orders.size} answers, ${told.transfers.size} transfers, paid ${money.paid} utail, ` +
      `failures ${[...told.failures].map(([code, times]) => `${code} ${times}`).join(', ')}\n`,
  )
})

/** Everything is back and the chain has gone on past the block that it was at. */
async function killOne(
  network: Awaited<ReturnType<typeof startKillNetwork>>,
  chain: ChainClient,
  victim: Victim,
): Promise<void> {
  const { height } = await chain.status(NEVER)
  await waitFor(`${victim} to run`, () => network.isRunning(victim), { deadlineMs: 60_000 })
  await network.kill(victim)
  await network.allBack()
  await waitFor('the next block', async () => (await chain.status(NEVER)).height > height, { deadlineMs: 60_000 })
}

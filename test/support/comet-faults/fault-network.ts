/**
 * Four validators on CometBFT that are to be hurt, with what goes on meanwhile: orders through a gateway, executed by the hosts
 * of the validators, and transfers. One of the four sits behind a meddler, one on a small disk where the machine allows it, and the
 * clocks of the applications can be set wrong; a fifth node waits to join from a snapshot. Read next: the faults beside this file.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../../src/chain-client/tx-signing.ts'
import { utf8 } from '../../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { openIdentity } from '../../../src/main/cometbft/comet-home.ts'
import { abciAddressOf, defaultNodeSettings } from '../../../src/main/cometbft/node-settings.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { LOCAL_PARAMS } from '../../../src/protocol/params.ts'
import { publicKeyOf } from '../../../src/protocol/signature.ts'
import type { CometNetwork } from '../comet/comet-network.ts'
import { startCometNetwork } from '../comet/comet-network.ts'
import type { KillLoad } from '../kills/kill-load.ts'
import { startKillLoad } from '../kills/kill-load.ts'
import { waitFor } from '../wait-for.ts'
import type { Meddler } from './abci-meddler.ts'
import { startMeddler } from './abci-meddler.ts'
import type { SmallDisk } from './small-disk.ts'
import { mountSmallDisk, smallDiskIsMissing } from './small-disk.ts'
import type { WorkProcesses } from './work-processes.ts'
import { builtInGenesisModel, startWorkProcesses } from './work-processes.ts'

export const VALIDATORS = 4
/** Which node has which weakness. */
export const NODE = { slowClock: 0, fastClock: 1, smallDisk: 2, byzantine: 3, late: 4 } as const
const DISK_MEBIBYTES = 192
const SNAPSHOT_BLOCKS = 20
const UNHURRIED = { maxPowerSharePpm: 260_000, jailWindowBlocks: 1_000, jailMissedBlocks: 1_000 } as const
/** Nothing else ever pays it. */
export const RECEIVER = addressOfPublicKey(publicKeyOf(sha256(utf8('receiver of the fault runs'))))
const CLOCK = fileURLToPath(new URL('shifted-clock.mjs', import.meta.url))
const FIRST_ORDER_DEADLINE_MS = 240_000

export interface FaultNetwork {
  readonly home: string
  readonly comet: CometNetwork
  readonly meddler: Meddler
  /** Undefined, and why, where the machine has none. */
  readonly disk: SmallDisk | undefined
  readonly work: WorkProcesses
  readonly load: KillLoad
  readonly chain: ChainClient
  /** How wrong the clock of an application (`app-1`) is from its next start on, ms. */
  setClock(process: string, shiftMs: number): void
  /** Transfers and orders end; what must be true is looked at after that. */
  stop(): Promise<void>
}

export async function startFaultNetwork(home: string): Promise<FaultNetwork> {
  const shifts = new Map<string, number>()
  const byzantineHome = join(home, `node-${NODE.byzantine}`)
  const { validatorKey } = openIdentity(byzantineHome, SYSTEM_RNG)
  const target = abciAddressOf(byzantineHome, defaultNodeSettings(''))
  const meddler = await startMeddler(target, validatorKey.address)
  const disk =
    smallDiskIsMissing() === undefined
      ? mountSmallDisk(join(home, `node-${NODE.smallDisk}`), DISK_MEBIBYTES)
      : undefined
  const undo = async (): Promise<void> => {
    await meddler.stop()
    disk?.unmount()
  }
  const comet = await startNodes(home, meddler, shifts).catch(async (error: unknown) => {
    await undo()
    throw error
  })
  try {
    const work = await startWorkProcesses(comet, home)
    const rpcUrl = comet.rpcUrls[0] as string
    const signal = new AbortController().signal
    const chain = await connectChainClient({ clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }, { rpcUrl }, signal)
    const load = startKillLoad({
      chain,
      sender: createSigner(comet.developer.ownerKey),
      receiver: RECEIVER,
      model: builtInGenesisModel().id,
      gateway: () => work,
    })
    await waitFor('a first order', () => load.told.orders.size > 0, { deadlineMs: FIRST_ORDER_DEADLINE_MS })
    return {
      ...{ home, comet, meddler, disk, work, load, chain },
      setClock: (name, shiftMs) => shifts.set(name, shiftMs),
      async stop() {
        await load.stop()
        chain.close()
        await work.stop()
        await comet.stop()
        await undo()
      },
    }
  } catch (error) {
    await comet.stop()
    await undo()
    throw error
  }
}

function startNodes(home: string, meddler: Meddler, shifts: ReadonlyMap<string, number>): Promise<CometNetwork> {
  return startCometNetwork({
    validators: VALIDATORS,
    fullNodes: 1,
    home,
    options: {
      models: [builtInGenesisModel()],
      // One cut off must leave more than two thirds, whoever raced how well; and who is killed often is not to be jailed for it.
      params: { consensus: { ...LOCAL_PARAMS.consensus, ...UNHURRIED } },
      started: [0, 1, 2, 3],
      settings: (_node, settings) => ({ ...settings, snapshots: { intervalBlocks: SNAPSHOT_BLOCKS, keep: 8 } }),
      wrap: (name, command) =>
        name === `comet-${NODE.byzantine}` ? [...command, '--proxy_app', meddler.address] : command,
      env: (name) => (name.startsWith('app-') ? clockOf(name, shifts) : {}),
    },
  })
}

/** Read anew at each start of the process. */
function clockOf(name: string, shifts: ReadonlyMap<string, number>): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${CLOCK}`,
    get TAILRACE_CLOCK_SHIFT_MS() {
      return String(shifts.get(name) ?? 0)
    },
  }
}

/**
 * A network of four validators on CometBFT is hurt in every way that it must bear, while orders are served and money is sent: no
 * fork, no app hash that differs, nothing lost that anybody was told. `npm run network:faults -- --kills 200` runs it with more
 * kills and prints what happened. `TAILRACE_NODE_KILLS` says how many (10), `TAILRACE_KILL_SEED` which.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { connectChainPort } from '../../src/main/chain-port.ts'
import { loadOrCreateHostKeys } from '../../src/main/host-keys.ts'
import { signerOfHostKeys } from '../../src/main/keys/local-signer.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'
import { addressOfPublicKey } from '../../src/protocol/address.ts'
import { createDrawStream } from '../../src/protocol/draw.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { cometIsMissing } from '../support/comet/comet-network.ts'
import { auditHeaders, auditTold } from '../support/comet-faults/block-audit.ts'
import type { FaultNetwork } from '../support/comet-faults/fault-network.ts'
import { NODE, RECEIVER, startFaultNetwork } from '../support/comet-faults/fault-network.ts'
import type { Fault } from '../support/comet-faults/faults.ts'
import {
  cutOne,
  cutTwo,
  fillDisk,
  joinBySnapshot,
  killOne,
  proposeInvalid,
  skewClocks,
} from '../support/comet-faults/faults.ts'
import { smallDiskIsMissing } from '../support/comet-faults/small-disk.ts'
import { auditBooks, auditRunning } from '../support/kills/kill-audit.ts'
import { titleOrReason } from '../support/reporter.ts'

const KILLS = Number(process.env.TAILRACE_NODE_KILLS ?? '10')
const SEED = process.env.TAILRACE_KILL_SEED ?? '1'
const SUMMARY = process.env.TAILRACE_FAULTS_SUMMARY
const NEVER = new AbortController().signal
const missing = cometIsMissing()
const noDisk = smallDiskIsMissing()
const PER_KILL_MS = 60_000
const TIMEOUT_MS = 600_000

describe.skipIf(missing !== undefined)(titleOrReason('four validators on CometBFT', missing), () => {
  let home: string
  let network: FaultNetwork
  let firstHeight = 1
  const faults: Fault[] = []
  const skipped: string[] = []
  const began = performance.now()

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'tailrace-faults-'))
    network = await startFaultNetwork(home)
  }, TIMEOUT_MS)

  afterAll(async () => {
    await network?.stop()
    rmSync(home, { recursive: true, force: true })
  }, TIMEOUT_MS)

  test('one that is cut off catches up, the others go on', { timeout: TIMEOUT_MS }, async () => {
    faults.push(await cutOne(network, 3))
  })

  test('with two cut off nobody makes a block, and then all go on', { timeout: TIMEOUT_MS }, async () => {
    faults.push(await cutTwo(network, [2, 3]))
  })

  test('blocks that no honest proposer makes are refused', { timeout: TIMEOUT_MS }, async () => {
    faults.push(...(await proposeInvalid(network)))
  })

  test('clocks that are ten minutes off move no app hash', { timeout: TIMEOUT_MS }, async () => {
    faults.push(await skewClocks(network))
  })

  test.skipIf(noDisk !== undefined)(titleOrReason('a full disk', noDisk), { timeout: TIMEOUT_MS }, async () => {
    faults.push(await fillDisk(network))
  })

  test(`${KILLS} kills`, { timeout: TIMEOUT_MS + KILLS * PER_KILL_MS }, async () => {
    const random = createDrawStream(sha256(utf8(`node kills ${SEED}`)))
    for (let kill = 0; kill < KILLS; kill++) {
      faults.push(await killOne(network, random))
    }
  })

  test('a new node joins from a snapshot', { timeout: TIMEOUT_MS }, async () => {
    const joined = await joinBySnapshot(network)
    firstHeight = joined.firstHeight
    faults.push(joined)
  })

  test('nothing is lost and nobody forked', { timeout: TIMEOUT_MS }, async () => {
    if (noDisk !== undefined) {
      skipped.push(`full_disk: ${noDisk}`)
    }
    const { comet, load, work, chain } = network
    await load.stop()
    const { told } = load
    const developer = addressOfPublicKey(publicKeyOf(comet.developer.ownerKey))
    const keys = loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG)
    const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
    const rpcUrl = comet.rpcUrls[0] as string
    const port = await connectChainPort(components, { rpcUrl, signer: signerOfHostKeys(keys) }, NEVER)
    const money = await auditRunning({ chain, port, developer, gateway: work })
    const transferred = await chain.balance(RECEIVER, NEVER)
    await port.close()
    const height = Math.min(...(await comet.heights()))
    const compared = await auditHeaders(
      comet.nodes.map(({ index, rpcUrl: url }) => ({
        rpcUrl: url,
        firstHeight: index === NODE.late ? firstHeight : 1,
      })),
      height,
    )
    const transfers = await auditTold(rpcUrl, height, told, transferred)
    await work.stop()
    auditBooks(home, money, told, work.executors)
    expect(transfers).toBeGreaterThan(0)
    expect(told.orders.size).toBeGreaterThan(0)
    const seconds = Math.round((performance.now() - began) / 1_000)
    const summary = {
      ok: true,
      kills: KILLS,
      faults,
      height,
      blocksCompared: compared,
      appHashEqual: true,
      orders: told.orders.size,
      transfers,
      paidUtail: String(money.paid),
      failures: Object.fromEntries(told.failures),
      skipped,
      seconds,
    }
    if (SUMMARY === undefined) {
      process.stderr.write(`${JSON.stringify({ ...summary, faults: faults.length })}\n`)
    } else {
      writeFileSync(SUMMARY, `${JSON.stringify(summary)}\n`)
    }
  })
})

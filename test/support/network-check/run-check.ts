/**
 * The check of a whole network of validators: it comes up, orders are served for some epochs while each process is ended once, and at
 * the end all validators agree. Nothing is assumed of its inside: pids, RPC and the API are all it uses.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readGenesisFile } from '../../../src/chain-node/genesis-file.ts'
import { genesisPath } from '../../../src/main/cometbft/comet-home.ts'
import { BUILT_IN_MODELS } from '../../../src/main/models/model-library.ts'
import { LOW_DUTY_PPM, readPlan, validatorHome } from '../../../src/main/network/validators/plan.ts'
import { waitFor } from '../wait-for.ts'
import type { ValidatorLine } from './chain-view.ts'
import { appHashAt, heightsOf, networkHeight, validatorsOf } from './chain-view.ts'
import { membersOfNetwork } from './members.ts'
import type { Fault } from './restarts.ts'
import { restartEach } from './restarts.ts'
import type { SteadyDeveloper } from './steady-developer.ts'
import { orderAllTheTime } from './steady-developer.ts'
import { startNetworkUp } from './up-process.ts'

export interface CheckPlan {
  readonly program: string
  readonly home: string
  readonly validators: number
  readonly hosts: number
  /** Whole epochs that must have closed. */
  readonly epochs: number
  readonly say: (line: string) => void
}

export interface CheckSummary {
  readonly ok: boolean
  readonly validators: readonly ValidatorLine[]
  readonly heights: readonly number[]
  readonly appHashEqual: boolean
  /** Closed. */
  readonly epochs: number
  /** Served. */
  readonly orders: number
  /** Asked and not served: hosts may be busy, and a gateway that starts again is away. */
  readonly ordersFailed: number
  readonly longestOrderGapSeconds: number
  readonly faults: readonly Fault[]
  readonly seconds: number
  /** What did not hold; empty where all did. */
  readonly failures: readonly string[]
}

const FIRST_ORDER_MS = 180_000
/** Longer without an answer is not “throughout”: a race, a gateway that starts and a draw that skips two hosts fit into it. */
const MOST_GAP_MS = 60_000

export async function runNetworkCheck(plan: CheckPlan, signal: AbortSignal): Promise<CheckSummary> {
  const startedMs = performance.now()
  const network = await startNetworkUp({ ...plan, dutyPpm: LOW_DUTY_PPM })
  try {
    const { rpc: rpcUrls, openai, apiKey } = network.up
    plan.say(`up after ${secondsSince(startedMs)} s`)
    const developer = orderAllTheTime({ openai, apiKey, model: BUILT_IN_MODELS[0] ?? '' }, plan.say)
    const stored = readPlan(plan.home)
    if (stored === undefined) {
      throw new Error('the network left no plan')
    }
    await waitFor('a first answer', () => developer.served() > 0, { deadlineMs: FIRST_ORDER_MS, signal })
    plan.say(`a first order served after ${secondsSince(startedMs)} s`)
    const members = membersOfNetwork(plan.home, stored)
    const faults = await restartEach({ members, rpcUrls, say: plan.say }, signal)
    await untilEpochsClosed(plan, rpcUrls, signal)
    await developer.stop()
    const view = await lookAt(rpcUrls, epochLengthOf(plan.home))
    return summarize(plan, view, faults, developer, startedMs)
  } finally {
    await network.stop()
  }
}

interface ChainView {
  readonly validators: readonly ValidatorLine[]
  readonly heights: readonly number[]
  readonly appHashEqual: boolean
  readonly epochs: number
}

async function lookAt(rpcUrls: readonly string[], epochLength: number): Promise<ChainView> {
  const heights = (await heightsOf(rpcUrls)).map((height) => height ?? 0)
  const least = Math.min(...heights)
  const hashes = least < 1 ? [] : await Promise.all(rpcUrls.map((url) => appHashAt(url, least)))
  return {
    validators: await validatorsOf(rpcUrls[0] ?? ''),
    heights,
    appHashEqual: hashes.length === rpcUrls.length && new Set(hashes).size === 1,
    epochs: Math.trunc((least + 1) / epochLength),
  }
}

async function untilEpochsClosed(plan: CheckPlan, rpcUrls: readonly string[], signal: AbortSignal): Promise<void> {
  const wanted = plan.epochs * epochLengthOf(plan.home)
  let lastSaidMs = 0
  while ((await networkHeight(rpcUrls)) < wanted) {
    signal.throwIfAborted()
    if (performance.now() - lastSaidMs > 15_000) {
      plan.say(`height ${await networkHeight(rpcUrls)} of ${wanted}`)
      lastSaidMs = performance.now()
    }
    await sleep(500)
  }
}

function epochLengthOf(home: string): number {
  const genesis = readGenesisFile(genesisPath(validatorHome(home, 0)))
  if (genesis === undefined) {
    throw new Error(`no genesis in ${join(home, 'validator-1')}`)
  }
  return genesis.params.epochLength
}

function summarize(
  plan: CheckPlan,
  view: ChainView,
  faults: readonly Fault[],
  developer: SteadyDeveloper,
  startedMs: number,
): CheckSummary {
  const gapMs = developer.longestGapMs()
  const carriedPpm = view.validators.reduce((sum, validator) => sum + validator.carriedPpm, 0)
  const failures = [
    ...(view.appHashEqual ? [] : ['the validators have different app hashes']),
    ...(view.epochs >= plan.epochs ? [] : [`only ${view.epochs} epochs closed`]),
    ...(view.validators.length === plan.validators ? [] : [`the chain has ${view.validators.length} validators`]),
    ...view.validators.filter(({ power }) => power <= 0).map(({ address }) => `validator ${address} has no power`),
    ...view.validators
      .filter(({ weightPpm }) => weightPpm <= 0)
      .map(({ address }) => `validator ${address} has no weight`),
    ...(plan.hosts === 0 || carriedPpm > 0 ? [] : ['no validator carries a host']),
    ...faults.filter(({ recoveredBlocks }) => recoveredBlocks < 0).map(({ kind }) => `${kind}: did not come back`),
    ...(gapMs <= MOST_GAP_MS ? [] : [`no order was served for ${Math.round(gapMs / 1_000)} s`]),
  ]
  return {
    ok: failures.length === 0,
    ...view,
    orders: developer.served(),
    ordersFailed: developer.failed(),
    longestOrderGapSeconds: Math.round(gapMs / 1_000),
    faults,
    seconds: secondsSince(startedMs),
    failures,
  }
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 1_000)
}

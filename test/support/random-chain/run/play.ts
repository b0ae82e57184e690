import type { BlockInput, BlockResult, TxResult } from '../../../../src/chain/application.ts'
import { sequenceOf } from '../../../../src/chain/state/chain-status.ts'
import { isDuty } from '../../../../src/protocol/messages.ts'
import { epochHeights, epochOfHeight } from '../../../../src/protocol/params.ts'
import { auditState } from '../audit/audit.ts'
import type { StateView } from '../audit/state-view.ts'
import { viewState } from '../audit/state-view.ts'
import { bytesOfActor, theCast } from '../cast.ts'
import { createSigner } from '../cheap-signing.ts'
import type { Draft } from '../draft.ts'
import { encodeDraft } from '../draft.ts'
import type { MachineOptions } from '../machine.ts'
import { createMachine } from '../machine.ts'
import { seededRandom } from '../random.ts'
import type { Scene } from '../scenes.ts'
import { sceneNamed } from '../scenes.ts'
import type { RunTx, Shadow } from '../shadow.ts'
import { openShadow } from '../shadow.ts'
import type { World } from '../world.ts'
import { createMemory } from '../world.ts'
import type { Engine } from './engine.ts'
import { createEngine, judgeEngine } from './engine.ts'
import { judgeResults, judgeTree, judgeUpgradeStop, judgeWork } from './judge-block.ts'
import type { PlannedBlock, PlannedHeader, Sequence } from './sequence.ts'
import { blockOf } from './sequence.ts'
import { startOf } from './start.ts'
import type { Tally } from './tally.ts'
import { tallyBlock, tallyEvents, tallyTx } from './tally.ts'

/**
 * One chain under test. Each block is made transaction by transaction on a shadow of the state, run by the application, and then
 * judged: the results are the shadow's, the state is sound from its first byte, the work was bounded, the tree is the entries'.
 */
export interface Play {
  /** Height of the last block. */
  readonly height: number
  /** CometBFT's side of the validator set. */
  readonly engine: Engine
  /** Whether a plan that validators accepted begins with the next block: this program stops there. */
  isUpgradeDue(): boolean
  /** The block that needs a newer program: it is refused by name, and nothing changes. */
  refuseUpgrade(header: PlannedHeader): void
  /** Makes the next block of whatever `fill` sends to the shadow. */
  block(header: PlannedHeader, fill: (deliver: (draft: Draft) => TxResult, world: World) => void): BlockResult
  readonly history: readonly PlayedBlock[]
  readonly scene: Scene
}

export interface PlayedBlock {
  readonly input: BlockInput
  readonly result: BlockResult
}

/** Faults that a test plants, to see that they are found. */
export interface Planted {
  /** Into the machine, each time that one is made. */
  readonly machine?: Pick<MachineOptions, 'wrapStore' | 'wrapApp'>
  readonly runTx?: RunTx
}

export interface PlayOptions {
  readonly tally: Tally
  readonly planted?: Planted
}

export function openPlay(sequence: Omit<Sequence, 'blocks'>, { tally, planted = {} }: PlayOptions): Play {
  const scene = sceneNamed(sequence.scene)
  const start = startOf(scene)
  const machine = createMachine({ entries: start.entries, ...planted.machine })
  const random = seededRandom(sequence.seed, 2)
  const sign = createSigner(seededRandom(sequence.seed, 3))
  const memory = createMemory()
  const history: PlayedBlock[] = []
  const heightOf = (): number => Number(machine.app.info().height)
  const engine = createEngine(heightOf(), machine.store)
  let timeMs = start.timeMs
  let view: StateView | undefined

  function block(header: PlannedHeader, fill: Parameters<Play['block']>[1]): BlockResult {
    timeMs += header.timeStepMs
    const { appHash: lastAppHash } = machine.app.info()
    const shadow = openShadow(machine.store, lastAppHash, planted.runTx)
    const world = worldOf(scene, shadow, { random, sign, memory, lastAppHash, height: heightOf() + 1 })
    const { txs, results } = collect(shadow, world, tally, fill)
    const input = blockOf(machine, { header, isReal: sequence.isReal, timeMs, txs })
    const verified = { ...machine.signatures.count }
    const result = machine.run(input)
    judgeResults(results, result)
    judgeWork(machine, txs.length, machine.signatures.count.all - verified.all)
    tallyBlock(tally, machine, verified)
    tallyEvents(tally, result.events)
    const before = view
    view = viewState(machine.store)
    auditState(view, before)
    judgeTree(machine, result, random, tally)
    engine.apply(heightOf(), result.validatorUpdates)
    judgeEngine(engine, view)
    history.push({ input, result })
    return result
  }

  function isUpgradeDue(): boolean {
    const plan = machine.app.upgrade()
    return plan !== undefined && plan.height === BigInt(heightOf() + 1)
  }

  function refuseUpgrade(header: PlannedHeader): void {
    judgeUpgradeStop(machine, blockOf(machine, { header, isReal: sequence.isReal, timeMs, txs: [] }))
    tally.upgradeStops += 1
  }

  return {
    get height() {
      return heightOf()
    },
    engine,
    isUpgradeDue,
    refuseUpgrade,
    block,
    history,
    scene,
  }
}

/** The transactions that `fill` makes, each run on the shadow at once, so that the next one sees what it did. */
function collect(
  shadow: Shadow,
  world: World,
  tally: Tally,
  fill: Parameters<Play['block']>[1],
): { readonly txs: Uint8Array[]; readonly results: TxResult[] } {
  const txs: Uint8Array[] = []
  const results: TxResult[] = []
  fill((draft) => {
    const bytes = bytesOf(world, draft)
    const result = shadow.deliver(bytes)
    world.memory.sent.push(bytes)
    txs.push(bytes)
    results.push(result)
    tallyTx(tally, draft, result)
    draft.told?.(result)
    return result
  }, world)
  return { txs, results }
}

function worldOf(
  { genesis }: Scene,
  { store }: Shadow,
  own: Pick<World, 'random' | 'sign' | 'memory' | 'height' | 'lastAppHash'>,
): World {
  const { params, chainId } = genesis
  const epoch = epochHeights(params, epochOfHeight(params, own.height))
  return { ...own, cast: theCast(), store, params, chainId, epoch }
}

function bytesOf(world: World, draft: Draft): Uint8Array {
  return encodeDraft(draft, {
    sign: world.sign,
    sequence: sequenceOf(world.store, bytesOfActor(draft.actor)),
    feePerMessage: world.params.feePerMessage,
    isDuty,
  })
}

/** A recorded sequence again, or what is left of it. @throws Broken as it did when it was made. */
export function playAgain(sequence: Sequence, options: PlayOptions): Play {
  const play = openPlay(sequence, options)
  for (const { header, drafts } of sequence.blocks as readonly PlannedBlock[]) {
    play.block(header, (deliver) => {
      for (const draft of drafts) {
        deliver(draft)
      }
    })
  }
  return play
}

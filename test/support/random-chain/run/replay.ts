import { balanceKey } from '../../../../src/chain/state/keys.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import type { Random } from '../../malformed/bend-bytes.ts'
import { below, pick } from '../../malformed/bend-bytes.ts'
import { Broken } from '../broken.ts'
import { bytesOfActor, theCast } from '../cast.ts'
import type { Machine } from '../machine.ts'
import { createMachine } from '../machine.ts'
import { chance, seededRandom, shuffled } from '../random.ts'
import type { Planted, Play, PlayedBlock } from './play.ts'
import { resultLine } from './sequence.ts'
import { startOf } from './start.ts'
import type { Tally } from './tally.ts'

/**
 * The same blocks on another machine: it starts from the same entries in another order, is stopped and started again from its disk,
 * is asked and sent transactions between blocks, and finalizes a block that it then drops. None of it may show.
 */
export interface ReplayOptions {
  readonly seed: number
  readonly isDisturbed: boolean
  readonly tally: Tally
  readonly planted?: Planted
}

const RESTART_SHARE = 0.06
const NOISE_SHARE = 0.15

export function replay({ scene, history }: Play, { seed, isDisturbed, tally, planted = {} }: ReplayOptions): void {
  const random = seededRandom(seed, 4)
  const fromEntries = (): Machine =>
    createMachine({ entries: shuffled(random, startOf(scene).entries), ...planted.machine })
  const fromGenesis = (): Machine => {
    const fresh = createMachine(planted.machine)
    fresh.app.initChain(scene.genesis)
    return fresh
  }
  let machine = isDisturbed || scene.isWarm ? fromEntries() : fromGenesis()
  for (const [index, block] of history.entries()) {
    if (isDisturbed && chance(random, RESTART_SHARE)) {
      machine = createMachine({ entries: shuffled(random, [...machine.disk.values()]), ...planted.machine })
      tally.restarts += 1
    }
    if (isDisturbed && chance(random, NOISE_SHARE)) {
      disturb(machine, random, history[index + below(random, 2)] ?? block)
    }
    judge(machine, block)
  }
}

function judge(machine: Machine, { input, result }: PlayedBlock): void {
  const again = machine.run(input)
  const differs = result.txResults.findIndex((one, index) => {
    const other = again.txResults[index]
    return other === undefined || resultLine(other) !== resultLine(one)
  })
  if (differs >= 0) {
    const [was, is] = [result, again].map(({ txResults }) => txResults[differs]?.log)
    throw new Broken(
      'the same blocks give the same results',
      `transaction ${differs} of ${input.height}: "${was}", "${is}"`,
    )
  }
  const ends = [result, again].map(({ events, validatorUpdates }) =>
    JSON.stringify([events, validatorUpdates.map(({ consensusKey, power }) => [toHex(consensusKey), String(power)])]),
  )
  if (ends[0] !== ends[1]) {
    throw new Broken('the same blocks give the same results', `the end of block ${input.height}`)
  }
  if (toHex(again.appHash) !== toHex(result.appHash)) {
    throw new Broken('the same blocks give the same app hash', `block ${input.height}`)
  }
}

/** Checks, simulations, questions, and a block that comes to nothing: they leave no trace. */
function disturb({ app }: Machine, random: Random, { input }: PlayedBlock): void {
  for (const tx of input.txs) {
    app.checkTx(tx, { recheck: chance(random, 0.2) })
    app.simulate(tx)
  }
  app.query('/store/x/key', balanceKey(bytesOfActor(pick(random, theCast().accounts))), { prove: true })
  app.query('/tailrace.v1.Query/Hosts', new Uint8Array(0))
  if (app.processProposal(input)) {
    app.finalizeBlock({ ...input, txs: input.txs.slice(0, 1) })
  }
}

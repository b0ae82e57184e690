import { toHex } from '../../lib/bytes.ts'
import { drawNewcomers } from '../../protocol/verification.ts'
import { MIN_FINDS } from '../../race/find.ts'
import type { EndContext } from '../context.ts'
import { readHost } from '../state/hosts.ts'
import type { RaceAt } from '../state/races.ts'
import { listFinds, listRaces, readEpochState, writeEpochState } from '../state/races.ts'
import { canVerify, drawRound } from './draw-round.ts'

/** Hosts without weight in force that one race checks, however few have weight. */
const NEWCOMERS_AT_LEAST = 64

/** End of the sample height: round 0, for the hosts whose finds could count. */
export function drawSamples(context: EndContext): void {
  const { store, params, epoch } = context
  const state = readEpochState(store, epoch.epoch)
  if (state === undefined) {
    return
  }
  const pools = chooseRaces(context).map(({ host, race }) => ({
    host,
    nonces: listFinds(store, epoch.epoch, host, 0, race.count),
  }))
  drawRound(context, pools, {
    round: 0,
    size: params.sampleSize,
    rootDeadlineHeight: epoch.rootDeadlineHeight,
    optional: false,
  })
  writeEpochState(store, { ...state, nextRound: 1 })
}

/**
 * Whose finds are checked. Not those of hosts that could not be drawn as verifiers now: who keeps out of the duties has no
 * race. Of hosts without weight as many as there are with, 64 at least, drawn by R: their finds cost nothing until they are
 * checked, so any number of them could bury the verifiers.
 */
function chooseRaces(context: EndContext): RaceAt[] {
  const { store, epoch, randomness } = context
  const races = listRaces(store, epoch.epoch).filter(({ host, race }) => {
    const record = readHost(store, host)
    return race.count - race.wrongNonces.length >= MIN_FINDS && record !== undefined && canVerify(context, record)
  })
  const newcomers = races.filter(({ host }) => readHost(store, host)?.weight === '0')
  const established = races.length - newcomers.length
  const places = established > NEWCOMERS_AT_LEAST ? established : NEWCOMERS_AT_LEAST
  const drawn = drawNewcomers(randomness, BigInt(epoch.epoch), newcomers.length, places)
  const left = new Set(newcomers.map(({ host }) => toHex(host)))
  for (const index of drawn) {
    left.delete(toHex((newcomers[index] as RaceAt).host))
  }
  return races.filter(({ host }) => !left.has(toHex(host)))
}

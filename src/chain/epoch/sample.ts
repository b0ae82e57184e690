import { MIN_FINDS } from '../../race/find.ts'
import type { EndContext } from '../context.ts'
import { isBarred, readHost } from '../state/hosts.ts'
import { listFinds, listRaces, readEpochState, writeEpochState } from '../state/races.ts'
import { drawRound } from './draw-round.ts'

/** End of the sample height: round 0, for every host whose finds could count. */
export function drawSamples(context: EndContext): void {
  const { store, params, epoch } = context
  const state = readEpochState(store, epoch.epoch)
  if (state === undefined) {
    return
  }
  const pools = listRaces(store, epoch.epoch)
    .filter(({ race }) => race.count - race.wrongNonces.length >= MIN_FINDS)
    .filter(({ host }) => {
      const record = readHost(store, host)
      return record !== undefined && !isBarred(record, epoch.epoch)
    })
    .map(({ host, race }) => ({ host, nonces: listFinds(store, epoch.epoch, host, 0, race.count) }))
  drawRound(context, pools, {
    round: 0,
    size: params.sampleSize,
    rootDeadlineHeight: epoch.rootDeadlineHeight,
    optional: false,
  })
  writeEpochState(store, { ...state, nextRound: 1 })
}

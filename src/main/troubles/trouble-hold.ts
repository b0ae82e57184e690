/** The shown state of one source: it begins and ends late, so that neither a hiccup nor a flicker is seen. Pure. */
import type { Trouble } from '../../ipc/wires/trouble-wire.ts'
import type { Moment, TroubleFields, TroubleSource } from './trouble-source.ts'

/** What is remembered of one source between two looks. */
export interface Hold {
  /** Of the present run of looks that found it, or undefined. */
  readonly presentSince: Moment | undefined
  /** Steady time of the last look that found it. */
  readonly lastPresentMs: number
  readonly shown: Trouble | undefined
}

export const NO_HOLD: Hold = { presentSince: undefined, lastPresentMs: Number.NEGATIVE_INFINITY, shown: undefined }

/** The hold after a look. A shown trouble keeps its beginning; its fields are always the newest. */
export function nextHold(hold: Hold, source: TroubleSource, fields: TroubleFields | undefined, at: Moment): Hold {
  if (fields === undefined) {
    const isOver = at.steadyMs - hold.lastPresentMs >= source.endAfterMs
    return isOver ? NO_HOLD : { ...hold, presentSince: hold.shown === undefined ? undefined : hold.presentSince }
  }
  const presentSince = hold.presentSince ?? at
  const isShown = hold.shown !== undefined || at.steadyMs - presentSince.steadyMs >= source.afterMs
  const { code, level } = source
  const shown = isShown ? { code, level, sinceMs: Math.max(0, presentSince.nowMs), fields } : undefined
  return { presentSince, lastPresentMs: at.steadyMs, shown }
}

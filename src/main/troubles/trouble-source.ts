import type { Trouble, TroubleCode } from '../../ipc/wires/trouble-wire.ts'

export type TroubleFields = Trouble['fields']

/** One moment: the wall clock for people, the steady one for spans (it is never set, and it may stand still while the computer sleeps). */
export interface Moment {
  readonly nowMs: number
  readonly steadyMs: number
}

/** One thing that can be wrong. Reading it is cheap and changes nothing but the source's own memory. */
export interface TroubleSource {
  readonly code: TroubleCode
  readonly level: Trouble['level']
  /** Shown once it has been there for so long without a break: a hiccup shows nothing. */
  readonly afterMs: number
  /** Over once it has been away for so long: nothing flickers. */
  readonly endAfterMs: number
  /** The fields while it is there, else undefined. */
  read(at: Moment): TroubleFields | undefined
}

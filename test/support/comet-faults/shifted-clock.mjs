/**
 * Loaded before a program (`NODE_OPTIONS=--import=…`): its wall clock is wrong by TAILRACE_CLOCK_SHIFT_MS. What measures spans
 * (performance.now, timers) goes on as it is, as on a machine whose clock was set wrong.
 */
const shiftMs = Number(process.env.TAILRACE_CLOCK_SHIFT_MS ?? '0')
const RealDate = globalThis.Date

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) {
      super(RealDate.now() + shiftMs)
    } else {
      super(...parts)
    }
  }

  static now() {
    return RealDate.now() + shiftMs
  }
}

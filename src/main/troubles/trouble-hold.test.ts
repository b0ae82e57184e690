import { describe, expect, it } from 'vitest'
import { NO_HOLD, nextHold } from './trouble-hold.ts'
import type { TroubleSource } from './trouble-source.ts'

const SOURCE: TroubleSource = {
  code: 'no_peers',
  level: 'warning',
  afterMs: 5_000,
  endAfterMs: 2_000,
  read: () => ({}),
}
const WALL_MS = 1_700_000_000_000

/** What is shown after each second, where `x` is a second with the trouble and `.` one without. */
function shownOver(seconds: string, source = SOURCE): string {
  let hold = NO_HOLD
  return [...seconds]
    .map((letter, second) => {
      const at = { nowMs: WALL_MS + 1_000 * second, steadyMs: 1_000 * second }
      hold = nextHold(hold, source, letter === 'x' ? { second } : undefined, at)
      return hold.shown === undefined ? '.' : 'S'
    })
    .join('')
}

describe('a trouble', () => {
  it('shows after it has been there for a while, and goes after it has been away for a while', () => {
    expect(shownOver('.xxxxxxxx....')).toBe('......SSSS...')
  })

  it('of a moment shows nothing, however often it comes', () => {
    expect(shownOver('xxx..xxx..xxx..xxx..xxx')).not.toContain('S')
  })

  it('does not flicker while its cause does', () => {
    expect(shownOver('xxxxxx.x.x.x.x.x...')).toBe('.....SSSSSSSSSSSS..')
  })

  it('with no patience shows and goes at once', () => {
    expect(shownOver('.x.', { ...SOURCE, afterMs: 0, endAfterMs: 0 })).toBe('.S.')
  })

  it('keeps its beginning and shows the newest fields', () => {
    let hold = NO_HOLD
    for (let second = 0; second < 10; second++) {
      hold = nextHold(hold, SOURCE, { second }, { nowMs: WALL_MS + 1_000 * second, steadyMs: 1_000 * second })
    }
    expect(hold.shown).toEqual({ code: 'no_peers', level: 'warning', sinceMs: WALL_MS, fields: { second: 9 } })
  })
})

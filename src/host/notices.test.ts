import { describe, expect, it } from 'vitest'
import { appendNotice, MAX_NOTICES } from './notices.ts'
import type { Notice } from './view.ts'

describe('notices', () => {
  it('keep the newest hundred, with rising numbers', () => {
    let notices: readonly Notice[] = []
    for (let count = 1; count <= MAX_NOTICES + 20; count++) {
      notices = appendNotice(notices, count, 'info', 'joined', { count })
    }
    expect(notices).toHaveLength(MAX_NOTICES)
    expect(notices.at(0)?.sequence).toBe(21)
    expect(notices.at(-1)).toMatchObject({ sequence: MAX_NOTICES + 20, fields: { count: MAX_NOTICES + 20 } })
  })

  it('cut long texts: a log of a node is not bounded by us', () => {
    const [notice] = appendNotice([], 0, 'error', 'tx_failed', { log: 'x'.repeat(5_000), code: 5 })
    expect(notice?.fields).toEqual({ log: 'x'.repeat(200), code: 5 })
  })
})

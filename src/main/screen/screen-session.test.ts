import { expect, test } from 'vitest'
import { SYSTEM_RNG } from '../system.ts'
import { createScreenSessions } from './screen-session.ts'

test('a token opens one session and no second', () => {
  const sessions = createScreenSessions(SYSTEM_RNG)
  const token = sessions.createToken()
  const session = sessions.redeem(token)
  expect(session).toMatch(/^[0-9a-f]{64}$/)
  expect(sessions.redeem(token)).toBeUndefined()
  expect(sessions.isSession(session ?? '')).toBe(true)
  expect(sessions.isSession(token)).toBe(false)
})

test('unused tokens and sessions are bounded', () => {
  const sessions = createScreenSessions(SYSTEM_RNG)
  const first = sessions.createToken()
  for (let i = 0; i < 16; i++) {
    sessions.createToken()
  }
  expect(sessions.redeem(first)).toBeUndefined()
  const opened = Array.from({ length: 65 }, () => sessions.redeem(sessions.createToken()) ?? '')
  expect(sessions.isSession(opened[0] ?? '')).toBe(false)
  expect(sessions.isSession(opened[64] ?? '')).toBe(true)
})

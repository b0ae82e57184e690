import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkSender,
  checkUpgrade,
  exchangeRequestSchema,
  isSecret,
  offerSubprotocols,
  readOfferedSession,
  SCREEN_SUBPROTOCOL,
  sameSecret,
  screenUrl,
  takeToken,
} from './handshake.ts'

const SECRET = 'ab'.repeat(32)
const POLICY = { hosts: ['127.0.0.1:4750', 'localhost:4750'] }
const GOOD = { host: '127.0.0.1:4750', origin: 'http://127.0.0.1:4750', protocol: offerSubprotocols(SECRET).join(', ') }

describe('token of the link', () => {
  it('is found and taken out', () => {
    const url = new URL(screenUrl('http://127.0.0.1:4750', SECRET))
    expect(url.search).toBe('')
    expect(takeToken(url.hash)).toEqual({ token: SECRET, rest: '' })
    expect(takeToken(`#a=1&token=${SECRET}&b`)).toEqual({ token: SECRET, rest: '#a=1&b' })
  })

  it('is nothing but 64 hex digits', () => {
    expect(takeToken('#token=abc').token).toBeUndefined()
    expect(takeToken(`#token=${SECRET.toUpperCase()}`).token).toBeUndefined()
    expect(takeToken('')).toEqual({ token: undefined, rest: '' })
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (fragment) => {
        const { token, rest } = takeToken(fragment)
        expect(token === undefined || isSecret(token)).toBe(true)
        expect(takeToken(rest).token).toBeUndefined()
      }),
    )
  })

  it('is exchanged in a strict body', () => {
    expect(exchangeRequestSchema.safeParse({ token: SECRET }).success).toBe(true)
    expect(exchangeRequestSchema.safeParse({ token: SECRET, more: 1 }).success).toBe(false)
    expect(exchangeRequestSchema.safeParse({ token: 'x'.repeat(64) }).success).toBe(false)
  })
})

describe('upgrade', () => {
  const check = (change: Partial<typeof GOOD>, isSession = (session: string) => session === SECRET) => {
    const verdict = checkUpgrade({ ...GOOD, ...change }, POLICY, isSession)
    return verdict.verdict === 'accept' ? 'accept' : `${verdict.status} ${verdict.code}`
  }

  it('lets the page of this host in, under either loopback name', () => {
    expect(check({})).toBe('accept')
    expect(check({ host: 'localhost:4750', origin: 'http://localhost:4750' })).toBe('accept')
  })

  it('refuses a rebound name, a foreign page, a missing origin and a mixed pair', () => {
    expect(check({ host: 'evil.example:4750', origin: 'http://evil.example:4750' })).toBe('403 host_refused')
    expect(check({ origin: 'http://evil.example' })).toBe('403 origin_refused')
    expect(check({ origin: 'http://localhost:4750' })).toBe('403 origin_refused')
    expect(check({ origin: 'null' })).toBe('403 origin_refused')
    expect(checkSender({ host: GOOD.host, origin: undefined }, POLICY)).toMatchObject({ code: 'origin_refused' })
    expect(checkSender({ host: undefined, origin: GOOD.origin }, POLICY)).toMatchObject({ code: 'host_refused' })
  })

  it('refuses without the protocol, without a session and with a wrong one', () => {
    expect(check({ protocol: `session.${SECRET}` })).toBe('400 protocol_refused')
    expect(check({ protocol: SCREEN_SUBPROTOCOL })).toBe('401 session_missing')
    expect(check({ protocol: `${SCREEN_SUBPROTOCOL}, session.${SECRET}, session.${'cd'.repeat(32)}` })).toBe(
      '401 session_missing',
    )
    expect(check({}, () => false)).toBe('401 session_unknown')
  })

  it('reads a session out of no other text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (header) => {
        const session = readOfferedSession(header)
        expect(session === undefined || isSecret(session)).toBe(true)
      }),
    )
  })
})

describe('sameSecret', () => {
  it('is equality', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b)))
    fc.assert(fc.property(fc.string(), (a) => sameSecret(a, a)))
  })
})

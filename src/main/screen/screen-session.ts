/**
 * Tokens and sessions of the screen (ipc/handshake.ts): a one-time token opens one session, a session lives until this process
 * ends. Bounded: at most 16 unused tokens and 64 sessions, the oldest goes.
 */
import { SECRET_BYTES, sameSecret } from '../../ipc/handshake.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Rng } from '../../lib/runtime.ts'

const MAX_TOKENS = 16
const MAX_SESSIONS = 64

export interface ScreenSessions {
  createToken(): string
  /** Trades an unused token for a session secret; undefined where it is unknown or used. */
  redeem(token: string): string | undefined
  isSession(secret: string): boolean
  /** For a program that proved itself another way. */
  createSession(): string
}

export function createScreenSessions(rng: Rng): ScreenSessions {
  const tokens: string[] = []
  const sessions: string[] = []
  const create = (list: string[], most: number): string => {
    const secret = toHex(rng.bytes(SECRET_BYTES))
    list.push(secret)
    if (list.length > most) {
      list.shift()
    }
    return secret
  }
  return {
    createToken: () => create(tokens, MAX_TOKENS),
    redeem(token) {
      const index = tokens.findIndex((candidate) => sameSecret(candidate, token))
      if (index < 0) {
        return undefined
      }
      tokens.splice(index, 1)
      return create(sessions, MAX_SESSIONS)
    },
    createSession: () => create(sessions, MAX_SESSIONS),
    isSession: (secret) => sessions.some((candidate) => sameSecret(candidate, secret)),
  }
}

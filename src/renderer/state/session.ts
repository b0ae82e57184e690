/**
 * How this page comes by its session (ipc/handshake.ts): the token leaves the address bar before anything else happens, is
 * exchanged once, and the session stays in sessionStorage, so that a reload and a duplicated tab keep it.
 */
import { exchangeResponseSchema, isSecret, SESSION_PATH, takeToken } from '../../ipc/handshake.ts'

const STORAGE_KEY = 'tailrace.session'

export interface SessionPlatform {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string }
  readonly history: { replaceState(data: unknown, unused: string, url: string): void }
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/** `used`: the link's token was refused. `none`: neither a token nor a stored session. */
export type SessionResult = { readonly session: string } | { readonly missing: 'none' | 'used' }

export async function openSession(platform: SessionPlatform): Promise<SessionResult> {
  const { location, history, storage } = platform
  const { token, rest } = takeToken(location.hash)
  if (token !== undefined) {
    history.replaceState(null, '', location.pathname + location.search + rest)
    const session = await exchange(platform, token)
    if (session !== undefined) {
      storage.setItem(STORAGE_KEY, session)
      return { session }
    }
  }
  const stored = storage.getItem(STORAGE_KEY)
  if (stored !== null && isSecret(stored)) {
    return { session: stored }
  }
  return { missing: token === undefined ? 'none' : 'used' }
}

/** A session that the host refuses is of no use to the next page either. */
export function forgetSession(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(STORAGE_KEY)
}

async function exchange(platform: SessionPlatform, token: string): Promise<string | undefined> {
  try {
    const response = await platform.fetch(SESSION_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    const body: unknown = response.ok ? await response.json() : undefined
    return exchangeResponseSchema.safeParse(body).data?.session
  } catch {
    // The host went away between the page and the exchange: the same to the person as a refused token.
    return undefined
  }
}

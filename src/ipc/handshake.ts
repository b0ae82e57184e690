/**
 * Who may speak to the host over loopback. The start command opens the screen with a one-time token in the URL fragment (a
 * fragment is never sent to a server). The page takes it off the address bar, exchanges it once (POST /session, JSON
 * {"token"}) for a session secret, keeps that in sessionStorage, and offers it with each WebSocket as a subprotocol, beside
 * the protocol's own name. Invariant: a secret is never part of a URL that a server, a log or a history sees. The server
 * also checks Origin and Host, so that another page of the same browser and a rebound DNS name are refused. Everything here
 * is pure; the composition root owns sockets, sessions and randomness.
 */
import { z } from 'zod'
import { hexSchema } from './wire.ts'

/** The subprotocol that both ends must name; a change of the contract that an old page cannot read changes it. */
export const SCREEN_SUBPROTOCOL = 'tailrace.v1'
/** Path of the WebSocket. */
export const SCREEN_SOCKET_PATH = '/screen'
/** Path of the exchange: POST, application/json. */
export const SESSION_PATH = '/session'
export const SECRET_BYTES = 32
/** Body bounds of the exchange. */
export const MAX_EXCHANGE_BYTES = 1_024

const SESSION_PREFIX = 'session.'
const TOKEN_FIELD = 'token'
const SECRET = new RegExp(`^[0-9a-f]{${2 * SECRET_BYTES}}$`)

export const exchangeRequestSchema = z.strictObject({ token: hexSchema(SECRET_BYTES) })
export const exchangeResponseSchema = z.object({ session: hexSchema(SECRET_BYTES) })

export const HANDSHAKE_CODES = [
  'host_refused',
  'origin_refused',
  'protocol_refused',
  'session_missing',
  'session_unknown',
  'token_unknown',
] as const
export type HandshakeCode = (typeof HANDSHAKE_CODES)[number]

export type HandshakeVerdict =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'reject'; readonly status: 400 | 401 | 403; readonly code: HandshakeCode }

/** The link that the start command opens. */
export function screenUrl(origin: string, token: string): string {
  return `${origin}/#${TOKEN_FIELD}=${token}`
}

/** The token of a URL fragment (with or without '#'), and the fragment without it. */
export function takeToken(fragment: string): { readonly token: string | undefined; readonly rest: string } {
  const parts = fragment.replace(/^#/, '').split('&')
  const isToken = (part: string) => part.startsWith(`${TOKEN_FIELD}=`)
  const value = parts.find(isToken)?.slice(TOKEN_FIELD.length + 1)
  const rest = parts.filter((part) => part !== '' && !isToken(part)).join('&')
  return { token: value !== undefined && isSecret(value) ? value : undefined, rest: rest === '' ? '' : `#${rest}` }
}

export function isSecret(value: string): boolean {
  return SECRET.test(value)
}

/** What the page passes to `new WebSocket(url, …)`. */
export function offerSubprotocols(session: string): string[] {
  return [SCREEN_SUBPROTOCOL, SESSION_PREFIX + session]
}

/** The session of a Sec-WebSocket-Protocol header; undefined where it offers none or not exactly one. */
export function readOfferedSession(header: string | undefined): string | undefined {
  const offers = splitHeader(header)
  const sessions = offers.filter((offer) => offer.startsWith(SESSION_PREFIX))
  const session = sessions[0]?.slice(SESSION_PREFIX.length)
  return sessions.length === 1 && session !== undefined && isSecret(session) ? session : undefined
}

export interface UpgradeHeaders {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** Sec-WebSocket-Protocol. */
  readonly protocol: string | undefined
}

/** What the server listens on, as the page's address bar has it: `127.0.0.1:4750`, `localhost:4750`. */
export interface HandshakePolicy {
  readonly hosts: readonly string[]
}

/** Host and Origin of any request that may change something. A missing Origin is refused: browsers send it with both. */
export function checkSender(
  headers: { readonly host: string | undefined; readonly origin: string | undefined },
  policy: HandshakePolicy,
): HandshakeVerdict {
  if (!isAllowedHost(headers.host, policy)) {
    return reject(403, 'host_refused')
  }
  const isAllowedOrigin = headers.origin !== undefined && headers.origin === `http://${headers.host}`
  return isAllowedOrigin ? { verdict: 'accept' } : reject(403, 'origin_refused')
}

/** Host alone, for the page and its files: they are public, but not under a foreign name. */
export function isAllowedHost(host: string | undefined, policy: HandshakePolicy): boolean {
  return host !== undefined && policy.hosts.includes(host)
}

/** The whole decision about a WebSocket upgrade. `isSession` compares with `sameSecret`. */
export function checkUpgrade(
  headers: UpgradeHeaders,
  policy: HandshakePolicy,
  isSession: (session: string) => boolean,
): HandshakeVerdict {
  const sender = checkSender(headers, policy)
  if (sender.verdict === 'reject') {
    return sender
  }
  if (!splitHeader(headers.protocol).includes(SCREEN_SUBPROTOCOL)) {
    return reject(400, 'protocol_refused')
  }
  const session = readOfferedSession(headers.protocol)
  if (session === undefined) {
    return reject(401, 'session_missing')
  }
  return isSession(session) ? { verdict: 'accept' } : reject(401, 'session_unknown')
}

/** Compares two secrets without telling by time where they differ. */
export function sameSecret(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) {
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length === 0 ? 1 : b.length))
  }
  return difference === 0
}

function reject(status: 400 | 401 | 403, code: HandshakeCode): HandshakeVerdict {
  return { verdict: 'reject', status, code }
}

function splitHeader(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, 1_024)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

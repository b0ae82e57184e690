import { toHex, utf8 } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { SessionKey } from '../../protocol/work/session.ts'
import { sessionKeyOf } from '../../protocol/work/session.ts'
import type { Session, SessionBook } from '../ports.ts'
import type { ChainCache } from './chain-cache.ts'

/** An opened key with what only the desk sees. */
export interface DeskSession extends Session {
  readonly key: SessionKey
}

const REMEMBERED_KEYS = 1_024

/** API keys to session keys: nothing is stored, a key derives its own session. Deriving takes a millisecond, so the newest are kept. */
export function createSessionBook(cache: ChainCache, signal: AbortSignal): SessionBook {
  const known = new Map<string, DeskSession>()

  function derive(apiKey: string): DeskSession {
    const name = toHex(sha256(utf8(apiKey)))
    const remembered = known.get(name)
    if (remembered !== undefined) {
      return remembered
    }
    const key = sessionKeyOf(apiKey)
    if (key === undefined) {
      throw new CodedError('invalid_api_key', 'this is no API key of this network: they begin with "tr-"')
    }
    const session: DeskSession = { address: encodeAddress(key.payer), key }
    if (known.size >= REMEMBERED_KEYS) {
      known.delete(known.keys().next().value as string)
    }
    known.set(name, session)
    return session
  }

  return {
    async open(apiKey) {
      const session = derive(apiKey)
      const { escrow } = await cache.escrow(session.key.payer, signal)
      if (escrow === undefined) {
        throw new CodedError('key_unknown', 'no escrow names this key: deposit one with "tailrace key create"')
      }
      return session
    },
  }
}

/** The desk hands out sessions, so what comes back is one of its own. @throws CodedError `key_unknown` for anything else. */
export function deskSessionOf(session: Session): DeskSession {
  if (!('key' in session)) {
    throw new CodedError('key_unknown', 'the session was not opened by this desk')
  }
  return session as DeskSession
}

import type { Message } from '@chainsafe/libp2p-gossipsub'
import type { FastMsgIdFn } from '@chainsafe/libp2p-gossipsub/types'
import { concatBytes, toHex, u32be, utf8 } from '../lib/bytes.ts'
import { sha256 } from '../protocol/hash.ts'

const NOTHING = new Uint8Array(0)

/**
 * Id of a message: author, topic and content. Publishing the same content twice sends it once. The author is part of it: else
 * a stranger could publish a copy of somebody's message first, have it rejected, and so make the original a known duplicate.
 */
export function messageId(message: Message): Uint8Array {
  const author = message.type === 'signed' ? message.from.toMultihash().bytes : NOTHING
  return sha256(lengthPrefixed(author, utf8(message.topic), message.data))
}

/**
 * Id of the raw frame entry, for dropping duplicates before their signature is checked (a quarter of the CPU). It covers the
 * signature as well, so that a copy with a broken signature cannot pass for the message itself.
 */
export const rawMessageId: FastMsgIdFn = (raw) =>
  toHex(
    sha256(
      lengthPrefixed(
        raw.from ?? NOTHING,
        raw.seqno ?? NOTHING,
        utf8(raw.topic),
        raw.data ?? NOTHING,
        raw.signature ?? NOTHING,
        raw.key ?? NOTHING,
      ),
    ),
  )

function lengthPrefixed(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [u32be(part.length), part]))
}

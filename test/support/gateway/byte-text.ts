import { createStreamDecoder } from '../../../src/models/stream-decoder.ts'
import type { ModelText } from '../../../src/models/text.ts'

/** The end token of the byte vocabulary; tokens below it are the bytes of UTF-8. */
export const END_TOKEN = 256
export const BYTE_VOCABULARY = 257

const encoder = new TextEncoder()

/** Text whose tokens are its bytes: enough to be real about characters that span tokens, with nothing to load. */
export const BYTE_TEXT: ModelText = {
  encode: (text) => [...encoder.encode(text)],
  renderChat: (messages) =>
    BYTE_TEXT.encode(`${messages.map(({ role, content }) => `${role}: ${content}\n`).join('')}assistant: `),
  decode: (tokens) => decodeText(tokens.filter(isText)),
  createStreamDecoder: () => createStreamDecoder({ isText, decodeText }),
}

function isText(token: number): boolean {
  return token < END_TOKEN
}

function decodeText(tokens: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(tokens))
}

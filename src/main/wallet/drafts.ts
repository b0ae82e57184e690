/** Wallets that are not used yet, and words that were shown: in memory alone, four at most, a quarter of an hour each. */
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock, Rng } from '../../lib/runtime.ts'
import type { OpenedWallet, WalletHeader, WalletSecret } from './envelope.ts'

export type Draft = WalletSecret & {
  readonly header: WalletHeader
  /** Positions from 1 and the words that stand there. */
  readonly asked: ReadonlyMap<number, string>
} & (
    | { readonly kind: 'created' | 'restored' }
    /** The words of the wallet that is in use, shown again. */
    | { readonly kind: 'revealed'; readonly sealing: OpenedWallet['sealing'] }
  )

export interface Drafts {
  /** @returns its id, 16 bytes as hex */
  put(draft: Draft): string
  /** @throws CodedError `draft_unknown` */
  get(id: string, ...kinds: readonly Draft['kind'][]): Draft
  forget(id: string): void
  clear(): void
}

const LIFE_MS = 15 * 60 * 1_000
const MOST_DRAFTS = 4
const ASKED = 3

export function createDrafts(clock: Clock, rng: Rng): Drafts {
  const drafts = new Map<string, { readonly draft: Draft; readonly untilMs: number }>()
  const forgetOld = (): void => {
    for (const [id, { untilMs }] of drafts) {
      if (clock.nowMs() >= untilMs) {
        drafts.delete(id)
      }
    }
  }
  return {
    put(draft) {
      forgetOld()
      const [oldest] = drafts.keys()
      if (drafts.size >= MOST_DRAFTS && oldest !== undefined) {
        drafts.delete(oldest)
      }
      const id = toHex(rng.bytes(16))
      drafts.set(id, { draft, untilMs: clock.nowMs() + LIFE_MS })
      return id
    },
    get(id, ...kinds) {
      forgetOld()
      const found = drafts.get(id)
      if (found === undefined || !kinds.includes(found.draft.kind)) {
        throw new CodedError('draft_unknown', 'these words are no longer held: begin again')
      }
      return found.draft
    },
    forget: (id) => drafts.delete(id),
    clear: () => drafts.clear(),
  }
}

/** Three different positions at random, ascending, with their words. */
export function askedWords(words: readonly string[], rng: Rng): ReadonlyMap<number, string> {
  const positions = new Set<number>()
  while (positions.size < ASKED) {
    // Below the largest multiple of the length, so that every position is as likely as any other.
    const [byte = 0] = rng.bytes(1)
    if (byte < 256 - (256 % words.length)) {
      positions.add((byte % words.length) + 1)
    }
  }
  return new Map([...positions].sort((a, b) => a - b).map((position) => [position, words[position - 1] ?? '']))
}

/** @throws CodedError `backup_mismatch` [position] */
export function requireAnswers(asked: ReadonlyMap<number, string>, answers: readonly string[]): void {
  const wrong = [...asked].find(([, word], index) => answers[index] !== word)
  if (wrong !== undefined || answers.length !== asked.size) {
    throw new CodedError('backup_mismatch', 'the words do not match what was written down', {
      fields: { position: wrong?.[0] ?? 0 },
    })
  }
}

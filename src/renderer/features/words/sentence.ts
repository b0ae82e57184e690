/**
 * How a code becomes a sentence: each says what happened and, where a person can do something, what. Invariant: every table of
 * this folder is typed over its list of codes, so that a code without a sentence does not compile; what a newer host says falls
 * back to a sentence that admits it. Read next: reasons.ts (the why-ledger), host-notices.ts and work-notices.ts (messages),
 * work-words.ts (paid work), failures.ts (what a person tried).
 */
export type Tone = 'good' | 'plain' | 'warning' | 'bad'

export interface Sentence {
  readonly title: string
  readonly text: string
  readonly tone: Tone
}

/** Fields of a notice, or what is known of the rules for a ledger entry. */
export type SentenceFields = Readonly<Record<string, string | number | boolean>>

export type Sentences<Code extends string> = Readonly<Record<Code, (fields: SentenceFields) => Sentence>>

/** A value of the fields in words; what is missing reads as an ellipsis rather than as `undefined`. */
export function say(fields: SentenceFields, name: string): string {
  const value = fields[name]
  return value === undefined || value === '' ? '…' : String(value)
}

export function plural(fields: SentenceFields, name: string, one: string, many = `${one}s`): string {
  const value = fields[name]
  return value === 1 || value === '1' ? `1 ${one}` : `${value === undefined ? 'Some' : value} ${many}`
}

export function isKnown<Table extends object>(table: Table, code: string): code is Extract<keyof Table, string> {
  return Object.hasOwn(table, code)
}

/** A code as words, where nothing better is known. */
export function codeWords(code: string): string {
  return code.replaceAll(/[_.:-]+/g, ' ').trim()
}

export function unknownCode(code: string): Sentence {
  return {
    title: codeWords(code),
    text: `This screen has no words yet for “${code}”. Reload the page to get the newest.`,
    tone: 'plain',
  }
}

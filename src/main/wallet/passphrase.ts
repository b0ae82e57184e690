/** Which passphrases are refused, how one becomes a key, and how often one may be tried. */
import { scrypt } from 'node:crypto'
import { MAX_PASSPHRASE_CHARACTERS, MIN_PASSPHRASE_CHARACTERS } from '../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock } from '../../lib/runtime.ts'

export interface ScryptCost {
  readonly n: number
  readonly r: number
  readonly p: number
}

/** 128 MiB and about half a second on a laptop. */
export const DEFAULT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 }
const MOST_MEMORY_BYTES = 512 * 1024 * 1024
const KEY_BYTES = 32
const MIN_DIFFERENT_CHARACTERS = 5
const MOST_TRIES_A_SECOND = 3

/** Whether a file may ask for this: neither so cheap that it protects nothing, nor so dear that it stops the machine. */
export function isCostAllowed({ n, r, p }: ScryptCost): boolean {
  const isPowerOfTwo = Number.isInteger(Math.log2(n))
  return isPowerOfTwo && n >= 2 ** 14 && r >= 8 && r <= 16 && p >= 1 && p <= 4 && 128 * n * r <= MOST_MEMORY_BYTES
}

/** @throws CodedError `passphrase_weak` [reason: short, long, repeats] */
export function requireStrong(passphrase: string): void {
  const characters = [...normalized(passphrase)]
  if (characters.length < MIN_PASSPHRASE_CHARACTERS) {
    throw weak('short', `a passphrase has at least ${MIN_PASSPHRASE_CHARACTERS} characters`)
  }
  if (characters.length > MAX_PASSPHRASE_CHARACTERS) {
    throw weak('long', `a passphrase has at most ${MAX_PASSPHRASE_CHARACTERS} characters`)
  }
  if (new Set(characters).size < MIN_DIFFERENT_CHARACTERS || isRun(characters) || isRepeated(characters)) {
    throw weak('repeats', 'a passphrase is more than a few characters again and again')
  }
}

/** 32 bytes, off this thread. The same text typed on any system gives the same key (NFKC). */
export function keyOfPassphrase(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: MOST_MEMORY_BYTES + 1024 * 1024 }
  return new Promise((resolve, reject) => {
    scrypt(normalized(passphrase), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) {
        resolve(new Uint8Array(key))
      } else {
        reject(new CodedError('damaged_file', 'the key derivation cannot run with these parameters', { cause: error }))
      }
    })
  })
}

/** Three tries a second: `busy` beyond. */
export function createTryLimit(clock: Clock): () => void {
  let tries: readonly number[] = []
  return () => {
    const nowMs = clock.nowMs()
    tries = tries.filter((atMs) => nowMs - atMs < 1_000)
    if (tries.length >= MOST_TRIES_A_SECOND) {
      throw new CodedError('busy', 'too many tries at once, wait a second')
    }
    tries = [...tries, nowMs]
  }
}

function normalized(passphrase: string): string {
  return passphrase.normalize('NFKC')
}

function weak(reason: string, message: string): CodedError {
  return new CodedError('passphrase_weak', message, { fields: { reason, minimum: MIN_PASSPHRASE_CHARACTERS } })
}

/** 1234567890, abcdefghij. */
function isRun(characters: readonly string[]): boolean {
  const points = characters.map((character) => character.codePointAt(0) ?? 0)
  const steps = points.slice(1).map((point, index) => point - (points[index] ?? 0))
  return steps.filter((step) => Math.abs(step) === 1).length >= characters.length - 2
}

/** Some unit of at most half the length, over and over. */
function isRepeated(characters: readonly string[]): boolean {
  const text = characters.join('\u0000')
  for (let unit = 1; 2 * unit <= characters.length && unit < 8; unit++) {
    const again = characters.map((_character, index) => characters[index % unit]).join('\u0000')
    if (again === text) {
      return true
    }
  }
  return false
}

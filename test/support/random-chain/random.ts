import type { Random } from '../malformed/bend-bytes.ts'
import { below } from '../malformed/bend-bytes.ts'

/** Uniform in [0, 1), repeatable; neighbouring seeds have nothing in common. (mulberry32 over a mixed seed.) */
export function seededRandom(...seed: readonly number[]): Random {
  let state = 0x9e3779b9
  for (const part of seed) {
    state = mix(state ^ (part >>> 0))
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0
    return mix(state) / 2 ** 32
  }
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

export function chance(random: Random, share: number): boolean {
  return random() < share
}

/** From `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + below(random, most - least + 1)
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const out = [...list]
  for (let at = out.length - 1; at > 0; at--) {
    const other = below(random, at + 1)
    ;[out[at], out[other]] = [out[other] as T, out[at] as T]
  }
  return out
}

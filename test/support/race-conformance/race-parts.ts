import type { ShapeName } from '../../../src/race/shapes.ts'

/** test/vectors/race-parts.json: hexadecimal strings of vectors are int8 elements, large integers decimal strings. */
export interface RaceParts {
  readonly epochSeed: string
  readonly host: string
  readonly tables: { readonly exponential: string; readonly activation: string }
  readonly scalars: {
    readonly roundShift: readonly { value: number; shift: number; rounded: number; clamped: number }[]
    readonly isqrt: readonly { readonly value: number; readonly root: number }[]
    readonly linearShift: readonly { readonly length: number; readonly shift: number }[]
    readonly scoreShift: readonly { readonly width: number; readonly shift: number }[]
    readonly normGain: readonly { readonly length: number; readonly gain: number }[]
  }
  readonly linear: readonly {
    readonly name: string
    readonly x: string
    readonly matrix: string
    readonly sums: readonly number[]
    readonly y: string
  }[]
  readonly norm: readonly { readonly name: string; readonly x: readonly number[]; readonly y: string }[]
  readonly attention: readonly {
    readonly name: string
    readonly query: string
    readonly keys: readonly string[]
    readonly values: readonly string[]
    readonly scores: readonly number[]
    readonly weights: readonly number[]
    readonly mix: readonly number[]
    readonly result: string
  }[]
  readonly inputBlocks: readonly {
    readonly shape: ShapeName
    readonly nonce: string
    readonly position: number
    readonly firstElement: number
    readonly key: readonly string[]
    readonly counter: readonly string[]
    readonly words: readonly string[]
    readonly elements: readonly number[]
  }[]
  readonly weightBlocks: readonly {
    readonly shape: ShapeName
    readonly firstByte: number
    readonly key: readonly string[]
    readonly counter: readonly string[]
    readonly bytes: string
  }[]
  readonly digest: readonly {
    readonly nonce: string
    readonly state: readonly number[]
    readonly message: string
    readonly digest: string
  }[]
  readonly comparisons: readonly { readonly digest: string; readonly target: string; readonly isFind: boolean }[]
  readonly weightPerFind: readonly { readonly shape: ShapeName; readonly target: string; readonly weight: string }[]
  readonly retarget: readonly {
    readonly target: string
    readonly finds: number
    readonly qualifyingHosts: number
    readonly next: string
  }[]
}

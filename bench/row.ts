/** What a benchmark reports: two variants measured in one run on one machine, and their ratio. A number alone says nothing elsewhere. */
export interface BenchVariant {
  readonly label: string
  /** In the row's unit. */
  readonly value: number
}

export interface BenchRow {
  readonly name: string
  readonly variantA: BenchVariant
  readonly variantB: BenchVariant
  /** Of both values, for instance `attempts/s`. */
  readonly unit: string
  /** variantA.value ÷ variantB.value. */
  readonly ratio: number
}

/** A benchmark module exports this as `run`. */
export type BenchRun = () => Promise<readonly BenchRow[]>

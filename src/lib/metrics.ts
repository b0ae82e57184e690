/**
 * A small Prometheus registry (text format 0.0.4): counters, gauges and histograms with fixed buckets. A gauge that nobody set is
 * not there: 0 would be a claim. Invariant: its memory is bounded, because a metric keeps at most MAX_SERIES label combinations; later ones are counted together as `_other`.
 */
import { CodedError } from './coded-error.ts'

export type Labels = Readonly<Record<string, string>>

export interface Counter {
  add(labels?: Labels, amount?: number): void
}

export interface Gauge {
  set(value: number, labels?: Labels): void
  /** Forgets every series: for labels that come and go. */
  clear(): void
}

export interface Histogram {
  observe(value: number, labels?: Labels): void
}

interface Metric {
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  lines(name: string): string[]
}

const MAX_SERIES = 256
const OTHER = '_other'
const NAME = /^[a-z_][a-z0-9_]*$/
/** Names that the format itself gives. */
const TAKEN_LABELS: ReadonlySet<string> = new Set(['le', 'quantile'])

export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>()
  readonly #collectors: (() => void)[] = []
  readonly #constant: string

  /** `constant`: labels that every series gets, e.g. the chain. */
  constructor(constant: Labels = {}) {
    this.#constant = Object.entries(constant)
      .map(([name, value]) => labelText(name, value))
      .join(',')
  }

  /** Called before each rendering, to set what is asked for rather than told. What it throws, the rendering throws. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect)
  }

  /** Names with their types: `counter`, `gauge`, `histogram`. */
  types(): readonly (readonly [string, string])[] {
    return [...this.#metrics].map(([name, { type }]) => [name, type])
  }

  /** @throws CodedError `invalid_metric` for a bad or taken name. */
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const series = new SeriesMap(this.#constant, labelNames, () => ({ value: 0 }))
    this.#add(name, { help, type: 'counter', lines: (full) => scalarLines(full, series) })
    return {
      add: (labels, amount = 1) => {
        if (amount > 0) {
          series.at(labels).value += amount
        }
      },
    }
  }

  /** @throws CodedError `invalid_metric` */
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    const series = new SeriesMap(this.#constant, labelNames, () => ({ value: 0 }), false)
    this.#add(name, { help, type: 'gauge', lines: (full) => scalarLines(full, series) })
    return {
      set: (value, labels) => {
        series.at(labels).value = value
      },
      clear: () => series.clear(),
    }
  }

  /** `buckets`: upper bounds, rising, without +Inf. @throws CodedError `invalid_metric` */
  histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []): Histogram {
    if (buckets.some((bound, index) => !Number.isFinite(bound) || bound <= (buckets[index - 1] ?? -Infinity))) {
      throw new CodedError('invalid_metric', `the buckets of ${name} do not rise`)
    }
    const series = new SeriesMap(this.#constant, labelNames, () => ({
      counts: new Array<number>(buckets.length + 1).fill(0),
      sum: 0,
    }))
    this.#add(name, { help, type: 'histogram', lines: (full) => histogramLines(full, buckets, series) })
    return {
      observe: (value, labels) => {
        const entry = series.at(labels)
        const found = buckets.findIndex((bound) => value <= bound)
        const bucket = found === -1 ? buckets.length : found
        entry.counts[bucket] = (entry.counts[bucket] as number) + 1
        entry.sum += value
      },
    }
  }

  /** The whole registry in text format. */
  render(): string {
    for (const collect of this.#collectors) {
      collect()
    }
    const lines: string[] = []
    for (const [name, metric] of this.#metrics) {
      lines.push(`# HELP ${name} ${metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`)
      lines.push(`# TYPE ${name} ${metric.type}`)
      lines.push(...metric.lines(name))
    }
    return `${lines.join('\n')}\n`
  }

  #add(name: string, metric: Metric): void {
    if (!NAME.test(name) || this.#metrics.has(name)) {
      throw new CodedError('invalid_metric', `${name} is taken or no metric name`)
    }
    this.#metrics.set(name, metric)
  }
}

class SeriesMap<T> {
  readonly #constant: string
  readonly #labelNames: readonly string[]
  readonly #create: () => T
  readonly #series = new Map<string, T>()

  /** What counts and has no labels is there from the start: a rate over what appears with its first event misses that event. */
  constructor(constant: string, labelNames: readonly string[], create: () => T, isThereFromTheStart = true) {
    if (labelNames.some((name) => !NAME.test(name) || TAKEN_LABELS.has(name))) {
      throw new CodedError('invalid_metric', `${labelNames.join(', ')}: no label names`)
    }
    this.#constant = constant
    this.#labelNames = labelNames
    this.#create = create
    if (isThereFromTheStart && labelNames.length === 0) {
      this.#series.set(constant, create())
    }
  }

  at(labels: Labels = {}): T {
    const key = this.#keyOf((name) => labels[name] ?? '')
    const found = this.#series.get(key)
    if (found !== undefined) {
      return found
    }
    const isFull = this.#series.size >= MAX_SERIES
    const kept = isFull ? this.#keyOf(() => OTHER) : key
    const entry = this.#series.get(kept) ?? this.#create()
    this.#series.set(kept, entry)
    return entry
  }

  clear(): void {
    this.#series.clear()
  }

  #keyOf(value: (name: string) => string): string {
    const own = this.#labelNames.map((name) => labelText(name, value(name)))
    return (this.#constant === '' ? own : [this.#constant, ...own]).join(',')
  }

  /** Label text (without braces) and value. */
  entries(): IterableIterator<[string, T]> {
    return this.#series.entries()
  }
}

function scalarLines(name: string, series: SeriesMap<{ value: number }>): string[] {
  return [...series.entries()].map(([labels, { value }]) => `${withLabels(name, labels)} ${numberText(value)}`)
}

function histogramLines(
  name: string,
  buckets: readonly number[],
  series: SeriesMap<{ readonly counts: readonly number[]; readonly sum: number }>,
): string[] {
  return [...series.entries()].flatMap(([labels, { counts, sum }]) => {
    const prefix = labels === '' ? '' : `${labels},`
    let total = 0
    const lines = counts.map((count, index) => {
      total += count
      const bound = index === buckets.length ? '+Inf' : String(buckets[index])
      return `${name}_bucket{${prefix}le="${bound}"} ${total}`
    })
    return [
      ...lines,
      `${withLabels(`${name}_sum`, labels)} ${numberText(sum)}`,
      `${withLabels(`${name}_count`, labels)} ${total}`,
    ]
  })
}

function withLabels(name: string, labels: string): string {
  return labels === '' ? name : `${name}{${labels}}`
}

/** As Go reads it: the format knows no `Infinity`. */
function numberText(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
}

function labelText(name: string, value: string): string {
  return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/**
 * Prometheus' text format 0.0.4, read strictly: every line is a comment or a sample; a sample belongs to a metric that was
 * announced with HELP and TYPE right before; the samples of a histogram fit together. Throws on anything else.
 */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?(?:[0-9.eE+-]+)|NaN|[+-]Inf)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/y

/** Samples by name and labels as they stand, e.g. `height` or `txs{type="a",code="0"}`. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith('\n')) {
    throw new Error('the last line has no end')
  }
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  let metric = { name: '', type: '' }
  let announced = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(line)
    if (help !== null) {
      announced = help[1] as string
    } else if (type !== null) {
      metric = { name: type[1] as string, type: type[2] as string }
      if (announced !== metric.name || types.has(metric.name)) {
        throw new Error(`${metric.name}: TYPE without HELP, or twice`)
      }
      types.set(metric.name, metric.type)
    } else {
      const { key, value } = readSample(line, metric)
      if (samples.has(key)) {
        throw new Error(`${key} stands twice`)
      }
      samples.set(key, value)
    }
  }
  checkHistograms(samples, types)
  return samples
}

/** Names of the metrics that the text announces. */
export function metricNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string)
}

function readSample(line: string, metric: { name: string; type: string }): { key: string; value: number } {
  const match = SAMPLE.exec(line)
  const [, name = '', labels] = match ?? []
  const suffix = name.slice(metric.name.length)
  const fits = metric.type === 'histogram' ? ['_bucket', '_sum', '_count'].includes(suffix) : suffix === ''
  if (match === null || !name.startsWith(metric.name) || !fits) {
    throw new Error(`not a sample of ${metric.name}: ${line}`)
  }
  for (let at = 0; labels !== undefined && at < labels.length; ) {
    LABEL.lastIndex = at
    const label = LABEL.exec(labels)
    if (label === null) {
      throw new Error(`labels of ${line}`)
    }
    at = LABEL.lastIndex
  }
  const number = match[3] as string
  return {
    key: labels === undefined ? name : `${name}{${labels}}`,
    value: number.endsWith('Inf') ? Number(number.replace('Inf', 'Infinity')) : Number(number),
  }
}

/** Buckets grow, the last one is +Inf and equals the count, and there is a sum. */
function checkHistograms(samples: ReadonlyMap<string, number>, types: ReadonlyMap<string, string>): void {
  for (const [key, count] of samples) {
    const [, name = '', labels = ''] = /^(\w+)_count(?:\{(.*)\})?$/.exec(key) ?? []
    if (types.get(name) !== 'histogram') {
      continue
    }
    const prefix = `${name}_bucket{${labels === '' ? '' : `${labels},`}le="`
    const buckets = [...samples].filter(([each]) => each.startsWith(prefix)).map(([, value]) => value)
    const isRising = buckets.every((value, index) => index === 0 || value >= (buckets[index - 1] as number))
    const sum = samples.get(labels === '' ? `${name}_sum` : `${name}_sum{${labels}}`)
    if (!isRising || samples.get(`${prefix}+Inf"}`) !== count || sum === undefined) {
      throw new Error(`the histogram ${key} does not fit together`)
    }
  }
}

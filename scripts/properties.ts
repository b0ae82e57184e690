/**
 * `npm run properties`: the state machine and the decoders at volume. Random transactions of every kind, judged after every block, and
 * random bytes, texts and values for every decoder. Prints what was reached, or with `--json` one JSON object as the last line; exit
 * code 1 where a property does not hold, with the smallest sequence that shows it and the command that makes it again.
 *
 *   --transactions N   random transactions (default 100000; 0 for none)
 *   --fuzz N           inputs over all decoders together (default 1000000; 0 for none)
 *   --seed N           first seed (default 1)
 *   --only A,B --blocks C,D   these transactions and blocks of the sequence of --seed alone
 */
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { errorMessage } from '../src/lib/coded-error.ts'
import { fuzzAll } from '../test/support/malformed/fuzz-all.ts'
import type { Tally } from '../test/support/random-chain/run/tally.ts'
import { neverSucceeded } from '../test/support/random-chain/run/tally.ts'
import { runPart, runVolume } from '../test/support/random-chain/run/volume.ts'
import { isMain } from './files.ts'

const PROGRESS_MS = 15_000

function countOf(text: string, name: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 0 || count > 2 ** 31) {
    throw new TypeError(`--${name} must be a whole number`)
  }
  return count
}

function numbersOf(text: string, name: string): number[] {
  return text === 'none' ? [] : text.split(',').map((one) => countOf(one, name))
}

/** Says on standard error how far it is, now and then. */
function progressLine(): (done: string) => void {
  let last = performance.now()
  return (done) => {
    if (performance.now() - last > PROGRESS_MS) {
      last = performance.now()
      process.stderr.write(`${done}\n`)
    }
  }
}

interface PartReport {
  readonly ok: boolean
  readonly seconds: number
  readonly cpuMsPerTransaction?: number
  readonly failure?: string
}

function transactionsReport(count: number, seed: number): PartReport {
  const started = performance.now()
  const before = process.cpuUsage()
  const say = progressLine()
  const { tally, failure } = runVolume(count, seed, ({ transactions, sequences }) =>
    say(`${transactions} transactions in ${sequences} sequences`),
  )
  const seconds = secondsSince(started)
  const { user, system } = process.cpuUsage(before)
  const cpuUs = user + system
  const missing = count >= LEAST_FOR_COVERAGE && failure === undefined ? neverSucceeded(tally) : []
  return {
    ok: failure === undefined && missing.length === 0,
    ...reached(tally),
    ...(missing.length === 0 ? {} : { neverSucceeded: missing }),
    // Of the processor, whatever else runs on the machine.
    cpuMsPerTransaction: Math.round(cpuUs / Math.max(1, tally.transactions)) / 1_000,
    seconds,
    ...(failure === undefined ? {} : { failure }),
  }
}

/** Fewer transactions need not reach every kind of message. */
const LEAST_FOR_COVERAGE = 5_000

function reached(tally: Tally): object {
  const { messages, refusals, events, ...numbers } = tally
  const sorted = (counts: ReadonlyMap<string, number>): object =>
    Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  return { ...numbers, messages: Object.fromEntries(messages), refusals: sorted(refusals), events: sorted(events) }
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 100) / 10
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      transactions: { type: 'string', default: '100000' },
      fuzz: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      blocks: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const seed = countOf(values.seed, 'seed')
  if (values.only !== undefined && values.blocks !== undefined) {
    const broken = runPart(seed, numbersOf(values.only, 'only'), numbersOf(values.blocks, 'blocks'))
    process.stdout.write(`${broken === undefined ? 'every property holds' : broken.message}\n`)
    return broken === undefined ? 0 : 1
  }
  const transactions = countOf(values.transactions, 'transactions')
  const inputs = countOf(values.fuzz, 'fuzz')
  const say = progressLine()
  const report = {
    ...(transactions === 0 ? {} : { transactions: transactionsReport(transactions, seed) }),
    ...(inputs === 0 ? {} : { fuzz: await fuzzAll({ inputs, seed, clock: () => performance.now(), progress: say }) }),
  }
  const parts: readonly PartReport[] = Object.values(report)
  const ok = parts.every((part) => part.ok)
  for (const { failure } of parts) {
    process.stderr.write(failure === undefined ? '' : `${failure}\n`)
  }
  process.stdout.write(`${JSON.stringify({ ok, seed, ...report }, null, values.json ? 0 : 2)}\n`)
  return ok ? 0 : 1
}

if (isMain(import.meta.url)) {
  main().then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      process.stderr.write(`${errorMessage(error)}\n`)
      process.exitCode = 1
    },
  )
}

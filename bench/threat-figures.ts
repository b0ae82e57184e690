/**
 * The figures of docs/threats.md, computed from the network's own parameters: `npx node bench/threat-figures.ts [--json]`. Exact
 * distributions, no sampling. `bench/threat-figures.test.ts` compares them with the page.
 */
import { pathToFileURL } from 'node:url'
import { BLOCK_LIMITS } from '../src/chain/application.ts'
import { MAX_FINDS_PER_RACE } from '../src/chain/messages/commit-finds.ts'
import { STAMPS_PER_BLOCK } from '../src/chain/tx/block-budget.ts'
import { epochHeights, PUBLIC_PARAMS } from '../src/protocol/params.ts'
import { MIN_FINDS, retarget } from '../src/race/find.ts'
import { RACE_SHAPES } from '../src/race/shapes.ts'
import { DEVICES } from './candidates/devices.ts'
import { ASSUMED, DENSE } from './candidates/rooflines.ts'

export interface Figure {
  readonly id: string
  /** As the page prints it. */
  readonly text: string
}

const { sampleSize, extensionSize, blockTimeMs, raceLength, holdEpochs, bondEpochs, openingPpm, verifiersPerHost } =
  PUBLIC_PARAMS
const HEIGHTS = epochHeights(PUBLIC_PARAMS, 0)
const RACE_SECONDS = (raceLength * blockTimeMs) / 1000
const DAY_SECONDS = 86_400
/** Finds of an average host: what the retarget steers to. */
const FINDS = 500
/** Epochs' earnings that a conviction takes from an old host: this epoch, what is held, the full bond. */
const AT_STAKE = 1 + holdEpochs + bondEpochs
/** Dollars an hour for a card of the class of an RTX 4090, a market price, not measured: for scale. */
const CARD_DOLLARS_PER_HOUR = 0.35

/** ln n! */
function logFactorial(n: number): number {
  let sum = 0
  for (let i = 2; i <= n; i++) {
    sum += Math.log(i)
  }
  return sum
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

/** Chance of exactly `hits` wrong ones among `drawn` of `total`, `wrong` of them wrong. */
export function hypergeometric(total: number, wrong: number, drawn: number, hits: number): number {
  if (hits > wrong || hits > drawn || drawn - hits > total - wrong) {
    return 0
  }
  return Math.exp(logChoose(wrong, hits) + logChoose(total - wrong, drawn - hits) - logChoose(total, drawn))
}

export interface Forgery {
  /** At least one wrong find drawn. */
  readonly seen: number
  /** Two proven, in the sample or in the extension that the first one draws. */
  readonly convicted: number
  /** Weight over that of the honest finds alone, expected, where a conviction takes this epoch's weight. */
  readonly weight: number
}

/** What becomes of `wrong` forged finds beside `right` honest ones: k drawn, one wrong draws an extension, two convict. */
export function forge(right: number, wrong: number): Forgery {
  const total = right + wrong
  const drawn = Math.min(sampleSize, total)
  const none = hypergeometric(total, wrong, drawn, 0)
  const one = hypergeometric(total, wrong, drawn, 1)
  const left = total - drawn
  const cleared = one * hypergeometric(left, wrong - 1, Math.min(extensionSize, left), 0)
  return {
    seen: 1 - none,
    convicted: 1 - none - cleared,
    weight: (none * total + cleared * (total - 1)) / right,
  }
}

/** The number of forged finds that pays best, and what it pays, for a host with `stake` epochs to lose. */
function bestForgery(stake: number): { readonly wrong: number; readonly gain: number } {
  const gains = Array.from({ length: FINDS }, (_, index) => {
    const { weight, convicted } = forge(FINDS, index + 1)
    return { wrong: index + 1, gain: weight - 1 - convicted * (stake - 1) }
  })
  return gains.reduce((best, one) => (one.gain > best.gain ? one : best))
}

const percent = (share: number, digits = 3): string => `${Number((100 * share).toPrecision(digits))} %`
const power = (value: number): string => `10^${Math.round(Math.log10(value))}`

function grinding(): Figure[] {
  const power10 = 0.1
  const headStart = (power10 / (1 - power10)) * blockTimeMs
  // E[max of two normal numbers] = 0.564 σ; a proposer sees of either seed what one block time finds.
  const seenFinds = FINDS / raceLength
  const pairs = 2 ** 32 * (2 ** 32 - 1) * 0.5
  return [
    { id: 'head-start', text: percent(blockTimeMs / 1000 / RACE_SECONDS) },
    { id: 'head-start-expected', text: percent(headStart / 1000 / RACE_SECONDS, 2) },
    { id: 'seed-choice', text: percent((0.564 * Math.sqrt(seenFinds)) / FINDS, 2) },
    { id: 'shared-stream-64', text: percent(1 - Math.exp(-pairs / 2 ** 64), 2) },
    { id: 'shared-stream-96', text: power(pairs / 2 ** 96) },
  ]
}

function borrowing(): Figure[] {
  const card = DEVICES.find(({ name }) => name === 'RTX 4090')
  const attempts = card === undefined ? 0 : DENSE.rate(card, 'wgsl') * RACE_SECONDS
  const cards = 1000
  return [
    { id: 'reused-find', text: `1 in ${Math.round(attempts / FINDS / 1000)},000` },
    { id: 'rented-share', text: percent(RACE_SECONDS / DAY_SECONDS, 2) },
    { id: 'rented-dollars', text: `$${Math.round((cards * CARD_DOLLARS_PER_HOUR * RACE_SECONDS) / 3600)}` },
    { id: 'backfill-blocks', text: `${HEIGHTS.sampleHeight - HEIGHTS.raceEndHeight} blocks` },
    { id: 'backfill-double', text: power(hypergeometric(2 * FINDS, FINDS, sampleSize, 0)) },
  ]
}

function splitting(): Figure[] {
  const share = 0.25
  const withheld = 0.5
  const after = (share * (1 - withheld)) / (1 - share * withheld)
  const eased = retarget({ target: 1n << 240n, finds: 10_000 * (1 - share * withheld), qualifyingHosts: 20 })
  return [
    { id: 'split-both-verifiers', text: percent(share ** verifiersPerHost, 2) },
    { id: 'split-registrations', text: (STAMPS_PER_BLOCK * PUBLIC_PARAMS.epochLength).toLocaleString('en') },
    { id: 'withheld-share', text: percent(after) },
    { id: 'withheld-target', text: percent(Number(eased) / 2 ** 240 - 1, 2) },
  ]
}

function forging(): Figure[] {
  const best = bestForgery(1)
  const held = bestForgery(AT_STAKE)
  const fraud = forge(FINDS - 20, 20)
  const two = forge(FINDS, 2)
  return [
    { id: 'forged-4-percent-seen', text: percent(fraud.seen, 4) },
    { id: 'forged-4-percent-convicted', text: percent(fraud.convicted, 4) },
    { id: 'forged-10-percent-missed', text: power(1 - forge(FINDS - 50, 50).convicted) },
    { id: 'forged-two-convicted', text: percent(forge(FINDS - 2, 2).convicted) },
    { id: 'forged-best', text: `${best.wrong} forged find, ${percent(best.gain, 2)}` },
    { id: 'forged-best-held', text: `${held.wrong} forged find, ${percent(held.gain, 2)}` },
    { id: 'forged-two-held', text: `${(two.convicted * (AT_STAKE - 1) - (two.weight - 1)).toFixed(1)} epochs` },
  ]
}

function verifying(): Figure[] {
  const leaves = sampleSize * verifiersPerHost
  const opened = Math.ceil((leaves * openingPpm) / 1e6)
  const caught = (lazy: number): string => percent(1 - (1 - lazy) ** opened)
  const auditBlocks = PUBLIC_PARAMS.epochLength - (HEIGHTS.settleHeight - HEIGHTS.startHeight)
  const executed = HEIGHTS.settleHeight - HEIGHTS.rootDeadlineHeight + 1
  const card = DEVICES.find(({ name }) => name === 'RTX 4090')
  const attempts = card === undefined ? 1 : DENSE.rate(card, 'wgsl') * RACE_SECONDS
  return [
    { id: 'lazy-all', text: caught(0.999_999) },
    { id: 'lazy-half', text: caught(0.5) },
    { id: 'lazy-tenth', text: caught(0.1) },
    { id: 'lazy-saved', text: percent(leaves / attempts, 2) },
    { id: 'audited-hosts', text: Math.floor(auditBlocks / opened).toLocaleString('en') },
    { id: 'accusers-shielded', text: `${executed}` },
    { id: 'accusation-stake', text: `${AT_STAKE} epochs` },
  ]
}

function memory(): Figure[] {
  const unchecked = (rate: number): string => percent(forge(FINDS - FINDS * rate, FINDS * rate).convicted, 2)
  const recheckSeconds = (FINDS * Number(RACE_SHAPES.std.macs)) / (ASSUMED.wasmGmacs * 1e9)
  return [
    { id: 'memory-1-percent', text: unchecked(0.01) },
    { id: 'memory-half-percent', text: unchecked(0.006) },
    { id: 'recheck-seconds', text: `${recheckSeconds.toFixed(0)} s` },
  ]
}

/** The first races of a network whose first target is too easy for the cards that come. */
function launching(): Figure[] {
  const card = DEVICES.find(({ name }) => name === 'RTX 4090')
  const attempts = card === undefined ? 0 : DENSE.rate(card, 'wgsl') * RACE_SECONDS
  const first = attempts / 2 ** (256 - PUBLIC_PARAMS.initialTargetLog2.std)
  const races = Math.ceil(Math.log(first / FINDS) / Math.log(4))
  const room = raceLength * BLOCK_LIMITS.bytes
  return [
    { id: 'first-finds', text: Math.round(first).toLocaleString('en') },
    { id: 'first-races', text: `${races} races` },
    { id: 'first-hosts', text: `${Math.floor(room / (8 * Math.min(first, MAX_FINDS_PER_RACE)))}` },
    { id: 'edge-share', text: percent(MIN_FINDS / FINDS) },
  ]
}

export function threatFigures(): readonly Figure[] {
  return [...grinding(), ...borrowing(), ...splitting(), ...forging(), ...verifying(), ...memory(), ...launching()]
}

function main(): void {
  const figures = threatFigures()
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(Object.fromEntries(figures.map(({ id, text }) => [id, text]))))
    return
  }
  for (const { id, text } of figures) {
    console.log(`${id.padEnd(28)} ${text}`)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main()
}

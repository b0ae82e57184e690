/**
 * What should a race measure? The dense pass against decode-like candidates by three figures, on paper for the devices of
 * bench/candidates/devices.ts and, for the cost of a check, with small working models on this machine:
 * `npx node bench/race-candidates.ts --json` → {assumed, devices, candidates, prototypes}. docs/decisions/0016 quotes it.
 */
import { pathToFileURL } from 'node:url'
import { cacheGBs, DEVICES, dp4aTmacs, nativeTmacs } from './candidates/devices.ts'
import type { CandidateFigures } from './candidates/figures.ts'
import { figuresOf } from './candidates/figures.ts'
import { CachePrototype, createTablePrototype } from './candidates/prototypes.ts'
import type { CacheShape } from './candidates/rooflines.ts'
import { ASSUMED, cacheCosts, DENSE, decodeTokens, MODELS, ownCache, table } from './candidates/rooflines.ts'

/** As much as 0.5 GMAC allow: about a third of them for the cache, the rest for steps. */
const SMALL_CACHE: CacheShape = { layers: 4, width: 128, prefix: 320, steps: 448 }
const CACHES: readonly CacheShape[] = [
  SMALL_CACHE,
  { layers: 16, width: 256, prefix: 2048, steps: 64 },
  { layers: 32, width: 256, prefix: 4096, steps: 64 },
  { layers: 512, width: 128, prefix: 4096, steps: 64 },
]
const TABLE = { tableMb: 1074, itemBytes: 512, reads: 464, itemMacs: 1_048_576 }

/** The candidates, the smallest own cache second. */
export const CANDIDATES = [
  DENSE,
  ...CACHES.map((shape) => ownCache(`own cache of ${(cacheCosts(shape).cacheBytes / 1e6).toFixed(1)} MB`, shape)),
  table('table of 1 GiB', TABLE),
]

export function candidateFigures(): readonly CandidateFigures[] {
  return CANDIDATES.map(figuresOf)
}

interface PrototypeFigures {
  readonly name: string
  readonly gigamacs: number
  readonly seconds: number
  readonly gigamacsPerS: number
  readonly detail: string
}

/** One check of each decode-like candidate on this machine, in TypeScript on one thread; for scale, not for the digits. */
function measurePrototypes(): readonly PrototypeFigures[] {
  const costs = cacheCosts(SMALL_CACHE)
  const cache = new CachePrototype(SMALL_CACHE)
  cache.build(0)
  const built = cache.build(1)
  const stepped = cache.step(SMALL_CACHE.steps)
  const items = 16_384
  const stored = new Int8Array(items * TABLE.itemBytes)
  for (let index = 0; index < stored.length; index++) {
    stored[index] = Math.imul(index, 0x9e3779b1) >> 24
  }
  const tables = createTablePrototype(items)
  tables.attempt(0, 16)
  const computed = tables.attempt(1, TABLE.reads)
  tables.attempt(0, TABLE.reads, stored)
  const read = tables.attempt(1, TABLE.reads, stored)
  const figure = (name: string, macs: number, seconds: number, detail: string): PrototypeFigures => ({
    name,
    gigamacs: macs / 1e9,
    seconds,
    gigamacsPerS: macs / seconds / 1e9,
    detail,
  })
  return [
    figure('own cache: build', costs.buildMacs, built.seconds, `${(costs.cacheBytes / 1e6).toFixed(2)} MB written`),
    figure(
      'own cache: steps',
      costs.stepCacheMacs + costs.stepWeightMacs,
      stepped.seconds,
      `${((SMALL_CACHE.steps * costs.cacheBytes) / stepped.seconds / 1e9).toFixed(2)} GB/s of cache re-read`,
    ),
    figure('table: computed', TABLE.reads * TABLE.itemMacs, computed.seconds, 'each vector computed, nothing stored'),
    figure(
      'table: read',
      0,
      read.seconds,
      `${read.seconds === 0 ? 0 : Math.round(computed.seconds / read.seconds)} times faster than computing`,
    ),
  ]
}

function deviceRows(): readonly object[] {
  return DEVICES.map((device) => ({
    ...device,
    dp4aTmacs: dp4aTmacs(device),
    nativeTmacs: nativeTmacs(device),
    cacheGBs: cacheGBs(device),
    decodeTokensPerS: Object.fromEntries(MODELS.map((model) => [model.name, decodeTokens(device, model)])),
    attemptsPerS: Object.fromEntries(
      CANDIDATES.map((candidate) => [
        candidate.name,
        { wgsl: candidate.rate(device, 'wgsl'), native: candidate.rate(device, 'native') },
      ]),
    ),
  }))
}

function print(figures: readonly CandidateFigures[]): void {
  for (const { name, advantage, roofline, mixed, measured, check, raceMb, leftOut } of figures) {
    const factors = (one: typeof roofline): string =>
      `r ${one.correlation.toFixed(2)}, ×${one.most.factor.toFixed(1)} ${one.most.name} … ×${one.least.factor.toFixed(2)} ${one.least.name}`
    console.log(`${name} (${raceMb.toFixed(0)} MB to race)`)
    console.log(
      `  native ÷ WGSL: median ${advantage.median.toFixed(1)}, most ${advantage.most.toFixed(1)} (${advantage.mostOf})`,
    )
    console.log(`  weight and decode roofline: ${factors(roofline)}`)
    console.log(`  with native racers in data centres: ${factors(mixed)}`)
    console.log(
      `  under 20 finds: ${leftOut.wgsl.join(', ') || 'none'}; with native racers: ${leftOut.mixed.join(', ') || 'none'}`,
    )
    console.log(`  weight and measured tokens/s, ${measured.devices} devices: ${factors(measured)}`)
    console.log(
      `  check: ${check.gigamacs.toFixed(2)} GMAC; 100 finds ${(100 * check.medianShare).toPrecision(2)} % of the race, worst ${(100 * check.worstShare).toPrecision(2)} % (${check.worstOf}); chain ${check.chainSeconds.toPrecision(2)} s`,
    )
  }
}

function main(): void {
  const figures = candidateFigures()
  const prototypes = measurePrototypes()
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ assumed: ASSUMED, devices: deviceRows(), candidates: figures, prototypes }))
    return
  }
  print(figures)
  for (const { name, gigamacs, seconds, gigamacsPerS, detail } of prototypes) {
    console.log(
      `${name}: ${gigamacs.toFixed(2)} GMAC in ${(1000 * seconds).toFixed(1)} ms, ${gigamacsPerS.toFixed(2)} GMAC/s; ${detail}`,
    )
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main()
}

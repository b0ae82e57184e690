/** In which order the hosts stand. Pure. */
import type { NetworkHost } from '../../../ipc/snapshot.ts'

export const SORT_KEYS = ['weight', 'name', 'reputation', 'finds', 'verdict', 'faults', 'online'] as const
export type SortKey = (typeof SORT_KEYS)[number]

export interface Sort {
  readonly key: SortKey
  readonly isDescending: boolean
}

/** What a first click on a column gives: the most first, names from A. */
export function firstSort(key: SortKey): Sort {
  return { key, isDescending: key !== 'name' && key !== 'verdict' }
}

export function nextSort(sort: Sort, key: SortKey): Sort {
  return sort.key === key ? { key, isDescending: !sort.isDescending } : firstSort(key)
}

/** Addresses in order; equals by weight, then by address, so that the order is always the same. */
export function orderHosts(hosts: readonly NetworkHost[], { key, isDescending }: Sort): readonly string[] {
  const sign = isDescending ? -1 : 1
  return [...hosts]
    .sort((a, b) => sign * compare(a, b, key) || b.weightPpm - a.weightPpm || (a.address < b.address ? -1 : 1))
    .map(({ address }) => address)
}

function compare(a: NetworkHost, b: NetworkHost, key: SortKey): number {
  switch (key) {
    case 'weight':
      return a.weightPpm - b.weightPpm
    case 'name':
      return nameOf(a).localeCompare(nameOf(b), 'en', { sensitivity: 'base', numeric: true })
    case 'reputation':
      return a.reputationPpm - b.reputationPpm
    case 'finds':
      return a.finds - b.finds
    case 'verdict':
      return VERDICT_ORDER.indexOf(a.raceVerdict) - VERDICT_ORDER.indexOf(b.raceVerdict)
    case 'faults':
      return a.faults - b.faults
    case 'online':
      return Number(a.online) - Number(b.online)
  }
}

/** Nameless hosts come last. */
function nameOf({ moniker }: NetworkHost): string {
  return moniker === '' ? '\uffff' : moniker
}

const VERDICT_ORDER: readonly string[] = ['convicted', 'unverified', 'too_few_finds', 'pending', 'verified', 'none']

export interface VerdictWords {
  readonly text: string
  readonly tone: 'good' | 'warning' | 'bad' | 'plain'
}

export function verdictWords(verdict: string): VerdictWords {
  switch (verdict) {
    case 'verified':
      return { text: 'verified', tone: 'good' }
    case 'pending':
      return { text: 'being checked', tone: 'plain' }
    case 'too_few_finds':
      return { text: 'too few finds', tone: 'warning' }
    case 'unverified':
      return { text: 'not checked', tone: 'warning' }
    case 'convicted':
      return { text: 'convicted', tone: 'bad' }
    case 'none':
    case '':
      return { text: 'no race', tone: 'plain' }
    default:
      return { text: verdict.replaceAll('_', ' '), tone: 'plain' }
  }
}

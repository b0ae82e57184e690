import type { PageName } from '../../state/pages.ts'

export interface PageEntry {
  readonly page: PageName
  readonly name: string
  /** What is to be found there, for the pointer that rests on it. */
  readonly hint: string
}

export interface PageGroup {
  readonly name: string
  readonly entries: readonly PageEntry[]
}

/** All pages, in the order of the navigation. */
export const PAGE_GROUPS: readonly PageGroup[] = [
  {
    name: 'Your host',
    entries: [
      { page: 'home', name: 'Home', hint: 'Where your host stands' },
      { page: 'earnings', name: 'Earnings', hint: 'What came in, per day, kind and device' },
      { page: 'why', name: 'Why', hint: 'Every unit earned or not, with its reason' },
      { page: 'work', name: 'Jobs', hint: 'What it serves and what became of it' },
    ],
  },
  {
    name: 'The network',
    entries: [
      { page: 'network', name: 'Network', hint: 'Hosts, weights, prices and the epoch clock' },
      { page: 'build', name: 'Build', hint: 'Send requests from your own programs' },
    ],
  },
  {
    name: 'This computer',
    entries: [
      { page: 'device', name: 'Device', hint: 'What computes here, and how well' },
      { page: 'wallet', name: 'Wallet', hint: 'Your address, its words, and sending' },
      { page: 'settings', name: 'Settings', hint: 'How Tailrace behaves on this computer' },
      { page: 'logs', name: 'Logs', hint: 'What happened inside, and a report file' },
    ],
  },
]

const ALL_ENTRIES = PAGE_GROUPS.flatMap(({ entries }) => entries)

/** The ones that a phone shows without the menu. */
const FIRST_PAGES: readonly PageName[] = ['home', 'earnings', 'work', 'network']

export function firstEntries(): readonly PageEntry[] {
  return ALL_ENTRIES.filter(({ page }) => FIRST_PAGES.includes(page))
}

export function otherEntries(): readonly PageEntry[] {
  return ALL_ENTRIES.filter(({ page }) => !FIRST_PAGES.includes(page))
}

/** Complete by the test beside this file: each page stands in exactly one group. */
export function pageEntry(page: PageName): PageEntry {
  return ALL_ENTRIES.find((entry) => entry.page === page) ?? { page, name: page, hint: '' }
}

/**
 * Which page of the screen is open. It stands in the URL fragment, beside or without the one-time token (ipc/handshake.ts), so
 * that the browser's back button and a reload keep it; without one there, the page that was open last.
 */
export const PAGES = [
  'home',
  'earnings',
  'work',
  'network',
  'device',
  'wallet',
  'build',
  'why',
  'settings',
  'logs',
] as const
export type PageName = (typeof PAGES)[number]

/** Names that pages had before: bookmarks and what a browser remembers go on working. */
const FORMER_NAMES: ReadonlyMap<string, PageName> = new Map([['overview', 'home']])

/** The page of that name, present or former. */
export function pageOfName(name: string | null): PageName | undefined {
  return PAGES.find((page) => page === name) ?? FORMER_NAMES.get(name ?? '')
}

/** The page that a URL fragment names: `#work`, `#token=…&work`. */
export function pageOfFragment(fragment: string): PageName | undefined {
  for (const part of fragment.replace(/^#/, '').split('&')) {
    const page = pageOfName(part)
    if (page !== undefined) {
      return page
    }
  }
  return undefined
}

export function fragmentOf(page: PageName): string {
  return `#${page}`
}

/**
 * Which page of the screen is open. It stands in the URL fragment, beside or without the one-time token (ipc/handshake.ts), so
 * that the browser's back button and a reload keep it; without one there, the page that was open last.
 */
export const PAGES = ['overview', 'work', 'build', 'why'] as const
export type PageName = (typeof PAGES)[number]

/** The page that a URL fragment names: `#work`, `#token=…&work`. */
export function pageOfFragment(fragment: string): PageName | undefined {
  const parts = fragment.replace(/^#/, '').split('&')
  return PAGES.find((page) => parts.includes(page))
}

export function fragmentOf(page: PageName): string {
  return `#${page}`
}

/** Where the desktop's pages live, and which addresses are theirs. Pure. */
import type { PageKind } from '../core/core-wire.ts'

export const APP_SCHEME = 'app'
export const APP_ORIGIN = 'app://tailrace'

const PAGE_FILES: Readonly<Record<PageKind, string>> = { screen: '/index.html', compute: '/compute.html' }

export function addressOf(kind: PageKind): string {
  return `${APP_ORIGIN}${PAGE_FILES[kind]}`
}

/** Whether a frame at this address is the page of that kind; its fragment is its own. */
export function isPageAt(url: string, kind: PageKind): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && isApp(parsed) && parsed.pathname === PAGE_FILES[kind] && parsed.search === ''
}

/** Whether it is a file of the application. */
export function isAppAddress(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && isApp(parsed)
}

/** Node and Chromium disagree on the origin of such a scheme, so its parts are compared. */
function isApp({ protocol, host, username, password }: URL): boolean {
  return protocol === `${APP_SCHEME}:` && host === 'tailrace' && username === '' && password === ''
}

/** What may be opened in the person's browser: plain https, short, without credentials. */
export function isExternalLink(url: string): boolean {
  const parsed = url.length > 2_048 ? null : URL.parse(url)
  return parsed !== null && parsed.protocol === 'https:' && parsed.username === '' && parsed.password === ''
}

import type { PageName } from './pages.ts'
import { pageOfFragment, pageOfName } from './pages.ts'
import type { ScreenStore } from './screen-store.ts'

const STORAGE_KEY = 'tailrace.page'

export interface PagePlatform {
  readonly location: { readonly hash: string }
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>
  readonly events: {
    addEventListener(type: 'hashchange', listener: () => void): void
    removeEventListener(type: 'hashchange', listener: () => void): void
  }
}

/** Follows the fragment until the returned function is called. */
export function followPage(platform: PagePlatform, store: ScreenStore): () => void {
  const remembered = pageOfName(platform.storage.getItem(STORAGE_KEY))
  const open = (page: PageName | undefined) => {
    if (page !== undefined) {
      store.setState({ page })
    }
  }
  open(pageOfFragment(platform.location.hash) ?? remembered)
  const onHashChange = () => {
    // The way back to an address without a page is the way back to the first one.
    const page = platform.location.hash === '' ? 'home' : pageOfFragment(platform.location.hash)
    open(page)
    if (page !== undefined) {
      platform.storage.setItem(STORAGE_KEY, page)
    }
  }
  platform.events.addEventListener('hashchange', onHashChange)
  return () => platform.events.removeEventListener('hashchange', onHashChange)
}

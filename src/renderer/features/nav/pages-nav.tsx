/**
 * The way between the pages: a column at the side, icons alone where there is less room, a bar at the bottom of a phone. Invariant:
 * plain links, so that the browser's own back, reload and bookmarks work; each page has exactly one link at any time.
 */
import type { ReactNode } from 'react'
import { useEffect, useId, useState } from 'react'
import { fragmentOf } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'
import type { PageEntry } from './page-entries.ts'
import { firstEntries, otherEntries, PAGE_GROUPS, pageEntry } from './page-entries.ts'
import { PageIcon } from './page-icon.tsx'
import { useMedia } from './use-media.ts'
import './nav.css'

/** `extra`: what stands below the links. */
export function PagesNav({ extra }: { readonly extra: ReactNode }): ReactNode {
  const page = useScreen((state) => state.page)
  const isPhone = useMedia('(max-width: 719px)')
  useEffect(() => {
    document.title = page === 'home' ? 'Tailrace' : `${pageEntry(page).name} · Tailrace`
    window.scrollTo({ top: 0 })
  }, [page])
  return isPhone ? (
    <BottomNav extra={extra} />
  ) : (
    <>
      <SideNav />
      {extra}
    </>
  )
}

function SideNav(): ReactNode {
  return (
    <nav className="nav" aria-label="Pages">
      {PAGE_GROUPS.map((group) => (
        <NavGroup key={group.name} name={group.name} entries={group.entries} />
      ))}
    </nav>
  )
}

function NavGroup({ name, entries }: { readonly name: string; readonly entries: readonly PageEntry[] }): ReactNode {
  const id = useId()
  return (
    <div className="nav-group">
      <p className="nav-group-name" id={id}>
        {name}
      </p>
      <ul className="nav-list" aria-labelledby={id}>
        {entries.map((entry) => (
          <li key={entry.page}>
            <NavLink entry={entry} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function BottomNav({ extra }: { readonly extra: ReactNode }): ReactNode {
  const page = useScreen((state) => state.page)
  const [isOpen, setOpen] = useState(false)
  const sheet = useId()
  const others = otherEntries()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when a page was chosen.
  useEffect(() => setOpen(false), [page])
  return (
    <nav
      className="nav-bottom"
      aria-label="Pages"
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          setOpen(false)
        }
      }}
    >
      <ul className="nav-bar">
        {firstEntries().map((entry) => (
          <li key={entry.page}>
            <NavLink entry={entry} />
          </li>
        ))}
        <li>
          <button
            type="button"
            className="nav-link nav-more"
            data-testid="more-pages"
            data-current={others.some((entry) => entry.page === page)}
            aria-expanded={isOpen}
            aria-controls={sheet}
            onClick={() => setOpen(!isOpen)}
          >
            <PageIcon name={isOpen ? 'close' : 'more'} />
            <span className="nav-name">More</span>
          </button>
        </li>
      </ul>
      <div id={sheet} className="nav-sheet" hidden={!isOpen}>
        <ul className="nav-others">
          {others.map((entry) => (
            <li key={entry.page}>
              <NavLink entry={entry} onOpen={() => setOpen(false)} />
            </li>
          ))}
        </ul>
        {extra}
      </div>
    </nav>
  )
}

function NavLink({ entry, onOpen }: { readonly entry: PageEntry; readonly onOpen?: () => void }): ReactNode {
  const isOpen = useScreen((state) => state.page === entry.page)
  return (
    <a
      className="nav-link"
      href={fragmentOf(entry.page)}
      title={entry.hint}
      aria-current={isOpen ? 'page' : undefined}
      data-testid={`page-${entry.page}`}
      onClick={onOpen}
    >
      <PageIcon name={entry.page} />
      <span className="nav-name">{entry.name}</span>
    </a>
  )
}

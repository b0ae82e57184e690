import type { ReactNode } from 'react'
import { useEffect } from 'react'
import type { PageName } from '../../state/pages.ts'
import { fragmentOf, PAGES } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'

const NAMES: Readonly<Record<PageName, string>> = { overview: 'Overview', work: 'Work', build: 'Build', why: 'Why' }

const HINTS: Readonly<Record<PageName, string>> = {
  overview: 'Where your host stands',
  work: 'What it serves and what became of it',
  build: 'Send requests from your own programs',
  why: 'Every unit earned or not, with its reason',
}

/** Links, so that the browser's own back, reload and bookmarks work. */
export function PagesNav(): ReactNode {
  const open = useScreen((state) => state.page)
  useEffect(() => {
    document.title = open === 'overview' ? 'Tailrace' : `${NAMES[open]} · Tailrace`
  }, [open])
  return (
    <nav className="pages" aria-label="Pages">
      {PAGES.map((page) => (
        <a
          key={page}
          className="pages-link"
          href={fragmentOf(page)}
          title={HINTS[page]}
          aria-current={page === open ? 'page' : undefined}
          data-testid={`page-${page}`}
        >
          {NAMES[page]}
        </a>
      ))}
    </nav>
  )
}

import type { ReactNode } from 'react'
import type { PageName } from '../../state/pages.ts'

/** Strokes in a field of 24 by 24. */
const STROKES: Readonly<Record<PageName | 'more' | 'close', string>> = {
  home: 'M4 11.2 12 4.5l8 6.7 M6.3 9.5v10h11.4v-10 M10 19.5v-5.2h4v5.2',
  earnings: 'M4 20h16 M7 16.5v-3.5 M12 16.5v-10 M17 16.5v-6.5',
  why: `${circle(12, 12, 8.5)} M9.7 9.7a2.4 2.4 0 1 1 3.5 2.1c-.8.5-1.2 1-1.2 1.9 M12 16.6v.1`,
  work: 'M6 4h12v16.3l-3-1.8-3 1.8-3-1.8-3 1.8z M9.2 8.5h5.6 M9.2 12.3h5.6',
  network: `${circle(12, 5.8, 2.3)} ${circle(5.8, 17.2, 2.3)} ${circle(18.2, 17.2, 2.3)} M10.9 7.9 6.9 15.2 M13.1 7.9l4 7.3 M8.3 17.2h7.4`,
  build: 'M8.3 7.5 3.8 12l4.5 4.5 M15.7 7.5l4.5 4.5-4.5 4.5 M13.6 5.3l-3.2 13.4',
  device:
    'M7 7h10v10H7z M10.2 10.2h3.6v3.6h-3.6z M9.5 7V4 M14.5 7V4 M9.5 20v-3 M14.5 20v-3 M7 9.5H4 M7 14.5H4 M20 9.5h-3 M20 14.5h-3',
  wallet:
    'M4 7v11a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-7.5a2 2 0 0 0-2-2H5.5A1.5 1.5 0 0 1 4 7a2 2 0 0 1 2-2h11v3.5 M16.2 14.2v.1',
  settings: `M4 7.5h8.3 M17.7 7.5H20 M4 16.5h2.3 M11.7 16.5H20 ${circle(15, 7.5, 2.7)} ${circle(9, 16.5, 2.7)}`,
  logs: 'M5 6h14 M5 10h14 M5 14h9 M5 18h6',
  more: 'M5.5 12v.1 M12 12v.1 M18.5 12v.1',
  close: 'M6.5 6.5l11 11 M17.5 6.5l-11 11',
}

export function PageIcon({ name }: { readonly name: PageName | 'more' | 'close' }): ReactNode {
  return (
    <svg className="nav-icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <path
        d={STROKES[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth={name === 'more' ? 3 : 1.7}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}

function circle(x: number, y: number, radius: number): string {
  return `M ${x - radius} ${y} a ${radius} ${radius} 0 1 0 ${2 * radius} 0 a ${radius} ${radius} 0 1 0 ${-2 * radius} 0`
}

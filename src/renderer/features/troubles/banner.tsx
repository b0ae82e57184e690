import type { ReactNode } from 'react'

export type BannerTone = 'plain' | 'warning' | 'bad'

interface BannerProps {
  readonly tone: BannerTone
  /** Of the trouble, or what the banner is about. */
  readonly code: string
  readonly title: string
  readonly since?: string
  readonly action?: ReactNode
  readonly children: ReactNode
}

const MARKS: Readonly<Record<BannerTone, string>> = {
  plain: 'M8 7v4 M8 4.6v.1',
  warning: 'M8 4.5v4.2 M8 11.3v.1',
  bad: 'M5.3 5.3l5.4 5.4 M10.7 5.3l-5.4 5.4',
}

/** One thing to know, with what to do about it. */
export function Banner({ tone, code, title, since, action, children }: BannerProps): ReactNode {
  return (
    <section className="banner" data-tone={tone} data-code={code} data-testid="banner" aria-label={title}>
      <svg className="banner-mark" viewBox="0 0 16 16" width="24" height="24" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="7.2" fill="none" stroke="currentColor" strokeWidth="1.2" />
        <path d={MARKS[tone]} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
      </svg>
      <div className="banner-words">
        <p>
          <strong>{title}</strong>
          {since !== undefined && <span className="banner-since number"> since {since}</span>}
        </p>
        <p className="banner-text">{children}</p>
      </div>
      {action !== undefined && <div className="banner-action">{action}</div>}
    </section>
  )
}

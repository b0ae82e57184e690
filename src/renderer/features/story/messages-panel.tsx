/** What the host says, newest first, each with what to do. Earnings have their own list and are left out. */
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { NoticeWire, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatClock } from '../../format/time.ts'
import { ShowAll } from '../app/show-all.tsx'
import { LEDGER_NOTICES, noticeSentence } from '../words/notices.ts'
import './story.css'

const SHOWN_AT_FIRST = 8

export function MessagesPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const [showsAll, setShowsAll] = useState(false)
  const notices = snapshot.notices.filter((notice) => !LEDGER_NOTICES.has(notice.code))
  const shown = showsAll ? notices : notices.slice(0, SHOWN_AT_FIRST)
  return (
    <section className="panel" aria-labelledby="messages-title">
      <div className="panel-head">
        <h2 id="messages-title" className="panel-title">
          Messages
        </h2>
        <span className="panel-aside">From your host</span>
      </div>
      {notices.length === 0 ? (
        <p className="empty">Quiet. Whatever needs you will be said here, with what to do about it.</p>
      ) : (
        <ul>
          {shown.map((notice) => (
            <MessageRow key={`${notice.code}/${notice.sequence}`} notice={notice} />
          ))}
        </ul>
      )}
      <ShowAll total={notices.length} few={SHOWN_AT_FIRST} showsAll={showsAll} onChange={setShowsAll} />
    </section>
  )
}

function MessageRow({ notice }: { readonly notice: NoticeWire }): ReactNode {
  const sentence = noticeSentence(notice.code, notice.fields)
  return (
    <li className="row" data-tone={sentence.tone} data-code={notice.code}>
      <span className="row-mark" aria-hidden="true" />
      <span className="row-title">{sentence.title}</span>
      <time className="row-time number" dateTime={new Date(notice.atMs).toISOString()}>
        {formatClock(notice.atMs)}
      </time>
      <span className="row-text">{sentence.text}</span>
    </li>
  )
}

import type { ReactNode } from 'react'
import { useState } from 'react'
import { formatBytes } from '../../format/amounts.ts'
import { useCall } from '../flow/use-call.ts'
import { saveText } from '../receipts/save-text.ts'
import { logErrorWords, reportHeads } from './log-words.ts'

interface Report {
  readonly name: string
  readonly text: string
}

/** A file for whoever helps: looked over before it is saved, and sent by nobody but the person. */
export function ReportPanel(): ReactNode {
  const [report, setReport] = useState<Report | undefined>(undefined)
  const [word, setWord] = useState('')
  const call = useCall()
  const prepare = async () => {
    setWord('')
    setReport(await call.run((client) => client.logs.report()))
  }
  const save = ({ name, text }: Report) => {
    saveText(document, name, text)
    setWord(`Saved as ${name}. It goes nowhere by itself: attach it where you ask for help.`)
  }
  return (
    <section className="panel" aria-labelledby="report-title">
      <div className="panel-head">
        <h2 id="report-title" className="panel-title">
          A report for whoever helps
        </h2>
        <span className="panel-aside">Stays on this computer until you send it</span>
      </div>
      <p className="report-text">
        Versions, settings, troubles, readings of the machine and the newest log lines. Left out are addresses, keys,
        tokens, words, your name, the computer’s name, IP addresses and folders: accounts stand there as host-1, host-2.
      </p>
      <div className="flow-buttons">
        <button
          type="button"
          className={report === undefined ? 'button button-main' : 'button'}
          disabled={call.isBusy}
          data-testid="prepare-report"
          onClick={() => void prepare()}
        >
          {call.isBusy ? 'Gathering …' : report === undefined ? 'Prepare a report' : 'Prepare it anew'}
        </button>
        {report !== undefined && (
          <button type="button" className="button button-main" data-testid="save-report" onClick={() => save(report)}>
            Save it
          </button>
        )}
      </div>
      <div role="status" className="report-word" data-testid="report-word">
        {call.error === undefined ? word : logErrorWords(call.error.code)}
      </div>
      {report !== undefined && <Preview report={report} />}
    </section>
  )
}

function Preview({ report }: { readonly report: Report }): ReactNode {
  const heads = reportHeads(report.text)
  return (
    <div className="report" data-testid="report">
      <p className="report-facts">
        <strong className="mono">{report.name}</strong> {formatBytes(new Blob([report.text]).size)}
      </p>
      <ul className="report-heads">
        {heads.map((head) => (
          <li key={head} className="tag">
            {head}
          </li>
        ))}
      </ul>
      <textarea
        className="report-preview"
        readOnly
        rows={16}
        aria-label="All that is in the report"
        value={report.text}
      />
    </div>
  )
}

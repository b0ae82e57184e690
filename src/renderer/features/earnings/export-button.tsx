import type { ReactNode } from 'react'
import { saveText } from '../receipts/save-text.ts'
import { csvName, earningsCsv } from './earnings-csv.ts'
import type { EarningsHistory } from './earnings-history.ts'

interface ExportButtonProps {
  readonly history: EarningsHistory | undefined
  readonly isReading: boolean
}

/** All that was read, as a file for a spreadsheet; only once it is all there. */
export function ExportButton({ history, isReading }: ExportButtonProps): ReactNode {
  const isReady = history !== undefined && !isReading && history.epochs.some(({ lines }) => lines.length > 0)
  return (
    <button
      type="button"
      className="button earn-export"
      disabled={!isReady}
      data-testid="export"
      onClick={() => {
        if (history !== undefined) {
          saveText(document, csvName(Date.now()), earningsCsv(history.epochs), 'text/csv;charset=utf-8')
        }
      }}
    >
      Save as CSV
    </button>
  )
}

import { useEffect, useState } from 'react'
import { useActions, useScreen } from '../../state/use-screen.ts'

export interface LedgerReading {
  readonly isReading: boolean
  readonly hasFailed: boolean
  readonly retry: () => void
}

/** Reads the ledger page by page to its oldest entry, as long as what uses this is on the screen. */
export function useWholeLedger(): LedgerReading {
  const { readEarlier } = useActions()
  const isLinked = useScreen((state) => state.link === 'connected')
  const oldest = useScreen((state) => (state.history.isComplete ? undefined : state.history.entries.at(-1)?.sequence))
  const [hasFailed, setFailed] = useState(false)
  const isWanted = oldest !== undefined && isLinked && !hasFailed
  useEffect(() => {
    if (!isWanted || oldest === undefined) {
      return
    }
    let isCurrent = true
    void readEarlier().then((isRead) => {
      if (isCurrent && !isRead) {
        setFailed(true)
      }
    })
    return () => {
      isCurrent = false
    }
  }, [isWanted, oldest, readEarlier])
  return { isReading: isWanted, hasFailed, retry: () => setFailed(false) }
}

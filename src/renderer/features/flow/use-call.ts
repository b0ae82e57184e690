import { useCallback, useEffect, useRef, useState } from 'react'
import type { ScreenClient } from '../../../ipc/screen-client.ts'
import { screenErrorOf } from '../../../ipc/screen-client.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { useAsk } from '../../state/use-screen.ts'

export interface Call {
  readonly isBusy: boolean
  readonly error: CodedError | undefined
  /** One at a time: a second click while the first is on its way does nothing. Undefined where it failed or was left. */
  run<Value>(call: (client: ScreenClient) => Promise<Value>): Promise<Value | undefined>
  clear(): void
}

/** A call that a click makes, with what came of it; an answer after the part is gone is dropped. */
export function useCall(): Call {
  const ask = useAsk()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<CodedError | undefined>(undefined)
  // Not state: the second click of a double click comes before the page is drawn anew.
  const isRunning = useRef(false)
  const isShown = useRef(true)
  useEffect(() => {
    isShown.current = true
    return () => {
      isShown.current = false
    }
  }, [])
  const clear = useCallback(() => setError(undefined), [])
  async function run<Value>(call: (client: ScreenClient) => Promise<Value>): Promise<Value | undefined> {
    if (isRunning.current) {
      return undefined
    }
    isRunning.current = true
    setBusy(true)
    setError(undefined)
    try {
      const value = await ask(call)
      return isShown.current ? value : undefined
    } catch (cause) {
      setError(cause instanceof CodedError ? cause : screenErrorOf(cause))
      return undefined
    } finally {
      isRunning.current = false
      setBusy(false)
    }
  }
  return { isBusy, error, run, clear }
}

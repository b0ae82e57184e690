/** How a part of the screen comes by what is known, what can be done, and what it asks the host for itself. */
import { createContext, useCallback, useContext, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { ScreenClient } from '../../ipc/screen-client.ts'
import { screenErrorOf } from '../../ipc/screen-client.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { ScreenActions } from './screen-actions.ts'
import type { ScreenState, ScreenStore } from './screen-store.ts'

export interface ScreenContextValue {
  readonly store: ScreenStore
  readonly actions: ScreenActions
}

export const ScreenContext = createContext<ScreenContextValue | undefined>(undefined)

function useScreenContext(): ScreenContextValue {
  const value = useContext(ScreenContext)
  if (value === undefined) {
    throw new TypeError('ScreenContext is missing')
  }
  return value
}

export function useScreen<Part>(select: (state: ScreenState) => Part): Part {
  return useStore(useScreenContext().store, select)
}

export function useActions(): ScreenActions {
  return useScreenContext().actions
}

/** Calls the contract: `await ask((client) => client.wallet.lock())`. Rejects with a coded error, `connection_lost` without a connection. */
export function useAsk(): ScreenActions['ask'] {
  return useScreenContext().actions.ask
}

/** The host's clock, renewed twice a second: enough for a countdown in seconds. */
export function useHostNow(): number {
  const offsetMs = useScreen((state) => state.clockOffsetMs)
  const [pageNowMs, setPageNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setPageNowMs(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return pageNowMs + offsetMs
}

/** What was asked of the host. While it is asked again, and after a failure, `value` is what it said last. */
export type Loaded<Value> = Known<Value> & {
  /** Asks again. */
  readonly reload: () => void
}

type Known<Value> =
  | { readonly state: 'loading'; readonly value: Value | undefined; readonly error: undefined }
  | { readonly state: 'ready'; readonly value: Value; readonly error: undefined }
  | { readonly state: 'failed'; readonly value: Value | undefined; readonly error: CodedError }

/**
 * Asks the host when the part is shown, when one of `deps` changes, and when a lost connection is back. An answer that comes
 * after a newer question is dropped.
 */
export function useLoaded<Value>(
  load: (client: ScreenClient) => Promise<Value>,
  deps: readonly unknown[],
): Loaded<Value> {
  const ask = useAsk()
  const isConnected = useScreen((state) => state.link === 'connected')
  const [attempt, setAttempt] = useState(0)
  const [known, setKnown] = useState<Known<Value>>({ state: 'loading', value: undefined, error: undefined })
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is a new function at each draw; the caller names what it depends on.
  useEffect(() => {
    let isCurrent = true
    setKnown(({ value }) => ({ state: 'loading', value, error: undefined }))
    ask(load).then(
      (value) => {
        if (isCurrent) {
          setKnown({ state: 'ready', value, error: undefined })
        }
      },
      (cause: unknown) => {
        if (isCurrent) {
          const error = cause instanceof CodedError ? cause : screenErrorOf(cause)
          setKnown(({ value }) => ({ state: 'failed', value, error }))
        }
      },
    )
    return () => {
      isCurrent = false
    }
  }, [ask, isConnected, attempt, ...deps])
  const reload = useCallback(() => setAttempt((count) => count + 1), [])
  return { ...known, reload }
}

import { createContext, useContext, useEffect, useState } from 'react'
import { useStore } from 'zustand'
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

import { useEffect, useState } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useAsk } from '../../state/use-screen.ts'
import { TOUR_STEPS } from './steps.tsx'

const STORAGE_KEY = 'tailrace.tour'

export interface TourState {
  readonly isShown: boolean
  /** Of the step, from 0. It is kept while the person looks at another page. */
  readonly index: number
  go(index: number): void
  /** Finished or put away: kept in the settings, or for this tab alone where they cannot be changed. */
  end(): void
}

export function useTour({ settings }: ScreenSnapshot): TourState {
  const ask = useAsk()
  const [index, setIndex] = useState(() => storedIndex())
  const [isAway, setAway] = useState(false)
  const { tourDone } = settings.values
  useEffect(() => {
    if (tourDone) {
      // Shown again, it begins anew.
      setAway(false)
      setIndex(0)
    }
  }, [tourDone])
  const isShown = !tourDone && !isAway
  return {
    isShown,
    index,
    go(next) {
      sessionStorage.setItem(STORAGE_KEY, String(next))
      setIndex(next)
    },
    end() {
      sessionStorage.removeItem(STORAGE_KEY)
      setAway(true)
      // Where the settings cannot be changed, it is put away for as long as this page lives.
      ask((client) => client.settings.change({ tourDone: true })).catch(() => undefined)
    },
  }
}

function storedIndex(): number {
  const stored = Number(sessionStorage.getItem(STORAGE_KEY) ?? 0)
  return Number.isInteger(stored) && stored >= 0 && stored < TOUR_STEPS.length ? stored : 0
}

import { useEffect, useState } from 'react'
import type { MachineReadings } from '../../../ipc/wires/machine-wire.ts'
import { useAsk, useScreen } from '../../state/use-screen.ts'

/** Slower than the host's own cache, faster than a person looks twice. */
const EVERY_MS = 4_000

export interface ReadingsState {
  /** What was told last. */
  readonly readings: MachineReadings | undefined
  readonly hasFailed: boolean
}

/** Asks how the machine is doing, again and again, as long as what uses this is on the screen and the screen is looked at. */
export function useReadings(): ReadingsState {
  const ask = useAsk()
  const isLinked = useScreen((state) => state.link === 'connected')
  const [state, setState] = useState<ReadingsState>({ readings: undefined, hasFailed: false })
  useEffect(() => {
    if (!isLinked) {
      return
    }
    let isCurrent = true
    const read = () => {
      if (document.hidden) {
        return
      }
      ask((client) => client.machine.readings()).then(
        (readings) => isCurrent && setState({ readings, hasFailed: false }),
        () => isCurrent && setState(({ readings }) => ({ readings, hasFailed: true })),
      )
    }
    read()
    const timer = setInterval(read, EVERY_MS)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [ask, isLinked])
  return state
}

/**
 * Quitting: the first wish waits for a safe point (bounded by the core and by its keeper), a second one does not wait. Invariant: the
 * process exits once, and only after the core and its children are gone.
 */
export type QuitState = 'running' | 'finishing' | 'hurrying' | 'over'

export interface QuitComponents {
  /** Stops the core; a second call hurries it. Resolves when nothing runs any more. */
  readonly stopCore: () => Promise<void>
  /** Closes windows and tray: at once for the eye, before the core is stopped. */
  readonly hide: () => void
  readonly onState: (state: QuitState) => void
  readonly exit: () => void
}

export interface Quitting {
  readonly state: QuitState
  /** A wish to quit, from wherever. */
  quit(): void
}

export function createQuitting({ stopCore, hide, onState, exit }: QuitComponents): Quitting {
  let state: QuitState = 'running'
  const go = (next: QuitState): void => {
    state = next
    onState(next)
  }
  const end = (): void => {
    if (state !== 'over') {
      go('over')
      exit()
    }
  }
  return {
    get state() {
      return state
    },
    quit() {
      if (state === 'running') {
        go('finishing')
        hide()
        stopCore().then(end, end)
      } else if (state === 'finishing') {
        go('hurrying')
        stopCore().then(end, end)
      }
    },
  }
}

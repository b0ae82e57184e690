/**
 * Where stopping forfeits nothing: no order runs and everything that was served is in a batch on chain. Draws of that batch are answered
 * after the next start, so quitting does not wait for them, and this computer stays a member.
 */
import type { ScreenBackend } from '../../../ipc/screen-router.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'

type WatchedBackend = Pick<ScreenBackend, 'snapshot' | 'onChange' | 'finish' | 'join'>

/** Resolves there, or when the signal aborts. Never rejects. */
export async function reachSafePoint(backend: WatchedBackend, signal: AbortSignal): Promise<void> {
  const first = backend.snapshot()
  if (!first.joined || isSafe(first)) {
    return
  }
  try {
    if (first.work?.finishing === null) {
      await backend.finish()
    }
    await until(backend, (snapshot) => !snapshot.joined || snapshot.phase === 'leaving' || isBatched(snapshot), signal)
    if (!signal.aborted && hasLeft(backend.snapshot()) && first.work?.finishing === null) {
      // Finish leaves where no draw is open. The person only quit: the next start goes on as a member.
      await backend.join()
      await until(backend, (snapshot) => snapshot.joined, signal)
    }
  } catch {
    // Nothing to finish, or no chain to finish with: stopping goes on, and the work store keeps what was promised.
  }
}

/** Nothing runs and nothing is unbatched. */
function isSafe({ work }: ScreenSnapshot): boolean {
  return work === null || (work.queue === 0 && work.forfeits.unbatched === '0')
}

function isBatched(snapshot: ScreenSnapshot): boolean {
  const finishing = snapshot.work?.finishing ?? null
  return finishing === 'draws' || finishing === 'leaving'
}

function hasLeft(snapshot: ScreenSnapshot): boolean {
  return !snapshot.joined || snapshot.phase === 'leaving' || snapshot.work?.finishing === 'leaving'
}

function until(
  backend: WatchedBackend,
  isReached: (snapshot: ScreenSnapshot) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const look = (): void => {
      if (signal.aborted || isReached(backend.snapshot())) {
        done()
      }
    }
    const unsubscribe = backend.onChange(look)
    signal.addEventListener('abort', done, { once: true })
    look()
  })
}

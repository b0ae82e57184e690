import { hasParentPipe, onParentGone } from '../main/network/exit-with-parent.ts'

/** What a supervisor gives a child to stop, and a little more: a child without a parent has nobody else to end it. */
const ORPHAN_LIMIT_MS = 10_000

/**
 * Resolves at SIGINT, SIGTERM or SIGHUP, or, for a supervised child, when its parent is gone. A second signal ends the process
 * at once, for the person who does not want to wait. A child whose parent is gone and that does not end by itself (it waits for a
 * chain that went with the parent, say) ends after `limitMs`: the next start finds a folder that nobody uses.
 */
export function untilStopped(options: { readonly withParent: boolean; readonly limitMs?: number }): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false
    const stop = (reason: string): void => {
      if (isStopping && reason !== 'parent') {
        process.exit(130)
      }
      isStopping = true
      resolve(reason)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => stop(signal))
    }
    // `npm start` runs this program with an IPC channel, which closes when that process dies in any way.
    process.once('disconnect', () => stop('parent'))
    if (options.withParent && hasParentPipe()) {
      onParentGone(() => {
        stop('parent')
        setTimeout(() => process.exit(1), options.limitMs ?? ORPHAN_LIMIT_MS).unref()
      })
    }
  })
}

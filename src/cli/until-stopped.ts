import { onParentGone } from '../main/network/exit-with-parent.ts'

/**
 * Resolves at SIGINT, SIGTERM or SIGHUP, or, for a supervised child, when its parent is gone. A second signal ends the process
 * at once, for the person who does not want to wait.
 */
export function untilStopped(options: { readonly withParent: boolean }): Promise<string> {
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
    if (options.withParent) {
      onParentGone(() => stop('parent'))
    }
  })
}

/**
 * The child's half of "no orphan". As a process of Node its stdin is a pipe from the parent, whose end means that the parent is gone. As a
 * utility process of Electron it has no stdin: there the message `stop` asks it to stop, and Electron itself ends it with its parent.
 */
import { fstatSync } from 'node:fs'

/** What a stopping parent posts to a utility process. */
export const STOP_MESSAGE = 'stop'

interface UtilityParent {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
}

/**
 * Whether there is such a pipe: a process under systemd or nohup has /dev/null or a file there, whose end says nothing.
 */
export function hasParentPipe(): boolean {
  const { parentPort } = process as { readonly parentPort?: unknown }
  if (parentPort !== undefined && parentPort !== null) {
    return true
  }
  try {
    const stdin = fstatSync(0)
    return !stdin.isCharacterDevice() && !stdin.isFile()
  } catch {
    // Closed altogether: nobody holds the other end.
    return false
  }
}

export function onParentGone(stop: () => void): void {
  const { parentPort } = process as { readonly parentPort?: UtilityParent }
  if (parentPort !== undefined && parentPort !== null) {
    parentPort.on('message', ({ data }) => {
      if (data === STOP_MESSAGE) {
        stop()
      }
    })
    return
  }
  process.stdin.resume()
  process.stdin.once('end', stop)
  process.stdin.once('error', stop)
}

/**
 * The contract of the running application, for the command line: found by its private file, opened with a session that the control
 * endpoint gave, over the same WebSocket as a screen. Invariant: whatever fails leaves here as a coded error.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { offerSubprotocols, SCREEN_SOCKET_PATH } from '../ipc/handshake.ts'
import type { ScreenClient } from '../ipc/screen-client.ts'
import { createScreenClient, screenErrorOf } from '../ipc/screen-client.ts'
import type { ScreenSnapshot } from '../ipc/snapshot.ts'
import { MAX_MESSAGE_BYTES } from '../ipc/wire.ts'
import { CodedError } from '../lib/coded-error.ts'
import { holderOf } from '../main/data-folder.ts'
import type { RunningInstance } from '../main/screen/running-instance.ts'
import { askRunningInstance, readRunningInstance } from '../main/screen/running-instance.ts'

export interface Control {
  readonly client: ScreenClient
  /** Snapshots from now on; the first is the present one. Ends with the signal. */
  watch(signal: AbortSignal): AsyncIterable<ScreenSnapshot>
  close(): void
}

const OPEN_TIMEOUT_MS = 5_000

/** @throws CodedError `not_running` [home], `not_answering` [home, pid], `connection_lost` */
export async function connectControl(home: string): Promise<Control> {
  const instance = await runningInstance(home)
  const answer = await askRunningInstance(instance, 'session')
  if (answer?.session === undefined) {
    throw notThere(home)
  }
  return controlOver(await openSocket(instance, answer.session))
}

/** @throws CodedError as connectControl */
export async function runningInstance(home: string): Promise<RunningInstance> {
  const instance = readRunningInstance(home)
  if (instance === undefined) {
    throw notThere(home)
  }
  return instance
}

/** The contract over an open socket. */
export function controlOver(socket: WebSocket): Control {
  // The socket of `ws` has the events and methods of a browser's; only its types are its own.
  const client = createScreenClient(socket as unknown as Parameters<typeof createScreenClient>[0])
  return {
    client,
    async *watch(signal) {
      try {
        yield* await client.screen.watch(undefined, { signal })
      } catch (error) {
        if (!signal.aborted) {
          throw screenErrorOf(error)
        }
      }
    },
    close: () => socket.close(),
  }
}

/** What to say depends on whether a process holds the folder: then the instance is starting, stopping or stuck. */
export function notThere(home: string): CodedError {
  const pid = holderOf(home)
  return pid === undefined
    ? new CodedError('not_running', `Tailrace does not run on ${home}`, { fields: { home } })
    : new CodedError('not_answering', `Tailrace runs on ${home} (process ${pid}) but does not answer yet`, {
        fields: { home, pid },
      })
}

async function openSocket({ screen }: RunningInstance, session: string): Promise<WebSocket> {
  const url = `${screen.replace(/^http/, 'ws')}${SCREEN_SOCKET_PATH}`
  const options = { origin: screen, maxPayload: MAX_MESSAGE_BYTES * 2, handshakeTimeout: OPEN_TIMEOUT_MS }
  const socket = new WebSocket(url, offerSubprotocols(session), options)
  try {
    await once(socket, 'open')
    return socket
  } catch (cause) {
    throw new CodedError('connection_lost', 'the connection to the running application was lost', { cause })
  }
}

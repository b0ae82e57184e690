import type { Clock, Logger } from '../lib/runtime.ts'
import type { NoticeCode, NoticeFields } from './notices.ts'
import { appendNotice } from './notices.ts'
import type { KeyPort, Unsubscribe } from './ports.ts'
import type { HostView, Notice } from './view.ts'

/** The one value that a host shows: replaced at each change, handed to listeners. Holds no logic of its own. */
export interface ViewStore {
  current(): HostView
  update(change: Partial<HostView>): void
  notice(level: Notice['level'], code: NoticeCode, fields?: NoticeFields): void
  onChange(listener: (view: HostView) => void): Unsubscribe
}

const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const

export function createViewStore(
  components: { readonly clock: Clock; readonly logger: Logger; readonly keys: KeyPort },
  peerId: string,
): ViewStore {
  const { clock, logger, keys } = components
  const listeners = new Set<(view: HostView) => void>()
  let view: HostView = {
    ownerAddress: keys.ownerAddress,
    deviceAddress: keys.deviceAddress,
    peerId,
    phase: 'idle',
    joined: false,
    connection: 'connecting',
    epoch: undefined,
    device: undefined,
    backend: undefined,
    race: undefined,
    duties: { drawn: 0, answered: 0, missed: 0 },
    record: undefined,
    balance: 0n,
    peers: 0,
    ownerNeededFor: undefined,
    notices: [],
    times: {},
  }

  function update(change: Partial<HostView>): void {
    view = { ...view, ...change }
    for (const listener of listeners) {
      try {
        listener(view)
      } catch (error) {
        // A screen that fails must not stop the host that it looks at.
        logger.log('error', 'view listener failed', { error: String(error) })
      }
    }
  }

  return {
    current: () => view,
    update,
    notice(level, code, fields = {}) {
      logger.log(LEVELS[level], code, fields)
      update({ notices: appendNotice(view.notices, clock.nowMs(), level, code, fields) })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

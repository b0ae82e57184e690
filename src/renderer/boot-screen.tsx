/**
 * Entry of the page: session, connection, compute, React. Invariant: everything with a lifetime is constructed here, and
 * nothing else in this folder knows `location`, storage or sockets. Read next: features/app/app.tsx (what is shown),
 * state/screen-store.ts (what is known), boot-compute.ts (what computes).
 */
import './styles/tokens.css'
import './styles/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { LeaseChannel } from '../ipc/compute-serve.ts'
import { offerSubprotocols, SCREEN_SOCKET_PATH } from '../ipc/handshake.ts'
import type { ScreenClient, ScreenLinkComponents } from '../ipc/screen-client.ts'
import { ScreenLink } from '../ipc/screen-client.ts'
import { toHex } from '../lib/bytes.ts'
import { createPageCompute } from './boot-compute.ts'
import { createPageInference } from './boot-inference.ts'
import { App } from './features/app/app.tsx'
import { DefectBoundary } from './features/app/defect-boundary.tsx'
import { applyTheme, loadTheme } from './features/app/theme.ts'
import { desktopSockets } from './state/desktop-bridge.ts'
import { followPage } from './state/follow-page.ts'
import { LeaseKeeper } from './state/lease-keeper.ts'
import { PAGE_CLOCK } from './state/page-clock.ts'
import { createScreenActions } from './state/screen-actions.ts'
import { createScreenStore, receiveSnapshot } from './state/screen-store.ts'
import { forgetSession, openSession } from './state/session.ts'
import { createSessionProbe } from './state/session-probe.ts'
import type { ScreenContextValue } from './state/use-screen.ts'
import { ScreenContext } from './state/use-screen.ts'

const CLIENT_ID_BYTES = 16

async function boot(root: HTMLElement): Promise<void> {
  applyTheme(loadTheme(localStorage), document.documentElement, localStorage)
  const store = createScreenStore()
  let client: ScreenClient | undefined
  const keeper = new LeaseKeeper(
    {
      compute: createPageCompute().compute,
      inference: createPageInference(),
      clock: PAGE_CLOCK,
      onRole: (tab) => store.setState({ tab }),
    },
    toHex(crypto.getRandomValues(new Uint8Array(CLIENT_ID_BYTES))),
  )
  const actions = createScreenActions({ store, client: () => client, takeOver: () => keeper.takeOver() })
  followPage({ location, storage: localStorage, events: globalThis }, store)
  show(root, { store, actions })
  // In the desktop a window of its own computes, and the port needs no session.
  const desktop = desktopSockets(globalThis)
  const carrier = desktop === undefined ? await openLoopback() : { openSocket: desktop }
  if ('missing' in carrier) {
    store.setState({ link: carrier.missing === 'used' ? 'session_used' : 'no_session' })
    return
  }
  const link = new ScreenLink({
    clock: PAGE_CLOCK,
    ...carrier,
    listener: {
      onState: (state) => {
        store.setState({ link: state })
        if (state === 'refused') {
          forgetSession(sessionStorage)
        }
      },
      onSnapshot: (snapshot) => {
        receiveSnapshot(store, snapshot, Date.now())
        if (desktop === undefined) {
          keeper.onLease(snapshot.lease)
        } else {
          store.setState({ tab: snapshot.lease.state === 'held' ? 'computing' : 'starting' })
        }
      },
      onClient: (next, signal) => {
        client = next
        signal.addEventListener('abort', () => {
          client = undefined
          store.setState({ pending: undefined })
        })
        if (desktop === undefined) {
          keeper.connect(leaseChannelOf(next), signal)
        }
      },
    },
  })
  link.start()
}

function leaseChannelOf({ compute }: ScreenClient): LeaseChannel {
  return {
    lease: (input, options) => compute.lease(input, options),
    reply: (input) => compute.reply(input),
  }
}

type Carrier = Pick<ScreenLinkComponents, 'openSocket' | 'isSessionAlive'>

/** A browser tab: a WebSocket to the service that served this page, with the session of the link that opened it. */
async function openLoopback(): Promise<Carrier | { readonly missing: 'none' | 'used' }> {
  const opened = await openSession({ location, history, storage: sessionStorage, fetch: fetch.bind(globalThis) })
  if (!('session' in opened)) {
    return opened
  }
  return {
    openSocket: () => new WebSocket(`ws://${location.host}${SCREEN_SOCKET_PATH}`, offerSubprotocols(opened.session)),
    isSessionAlive: createSessionProbe(() => fetch('/', { method: 'HEAD', cache: 'no-store' })),
  }
}

function show(root: HTMLElement, context: ScreenContextValue): void {
  createRoot(root).render(
    <StrictMode>
      <ScreenContext value={context}>
        <DefectBoundary>
          <App />
        </DefectBoundary>
      </ScreenContext>
    </StrictMode>,
  )
}

const root = document.getElementById('root')
if (root !== null) {
  void boot(root)
}

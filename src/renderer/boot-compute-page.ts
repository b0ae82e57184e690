/**
 * Entry of the desktop's compute window: no screen, only the lease. It is never shown and never throttled, so a race goes on whatever the
 * person does with the screen. Invariant: what it computes it computes for the core that it is connected to.
 */
import { ScreenLink } from '../ipc/screen-client.ts'
import { toHex } from '../lib/bytes.ts'
import { createPageCompute } from './boot-compute.ts'
import { createPageInference } from './boot-inference.ts'
import { desktopSockets } from './state/desktop-bridge.ts'
import { LeaseKeeper } from './state/lease-keeper.ts'
import { PAGE_CLOCK } from './state/page-clock.ts'

const CLIENT_ID_BYTES = 16

const openSocket = desktopSockets(globalThis)
if (openSocket !== undefined) {
  const keeper = new LeaseKeeper(
    {
      compute: createPageCompute().compute,
      inference: createPageInference(),
      clock: PAGE_CLOCK,
      onRole: () => undefined,
    },
    toHex(crypto.getRandomValues(new Uint8Array(CLIENT_ID_BYTES))),
  )
  new ScreenLink({
    clock: PAGE_CLOCK,
    openSocket,
    listener: {
      onState: () => undefined,
      onSnapshot: ({ lease }) => keeper.onLease(lease),
      onClient: ({ compute }, signal) => {
        keeper.connect(
          {
            lease: (input, options) => compute.lease(input, options),
            reply: (input) => compute.reply(input),
          },
          signal,
        )
      },
    },
  }).start()
}

import { createApplication } from '../../../src/chain/create-application.ts'
import type { ChainNode } from '../../../src/chain-node/chain-node.ts'
import { createChainNode } from '../../../src/chain-node/chain-node.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'

/** A node with the embedded engine, in real time, whose program runs this version of the rules; not started. */
export function embeddedNode(home: string, genesis: Genesis, appVersion: number): ChainNode {
  return createChainNode(
    {
      clock: SYSTEM_CLOCK,
      logger: SILENT_LOGGER,
      rng: SYSTEM_RNG,
      openApplication: (initialState) => createApplication({ initialState, appVersion }),
    },
    { home, genesis, rpcPort: 0, appVersion },
  )
}

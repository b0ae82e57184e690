/** A chain node as a process of its own, for tests that kill it: `node node-child.ts <home>` over the home's genesis. */
import { createChainNode } from '../../../src/chain-node/chain-node.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { seededRng, VALIDATOR_SEED } from './network-fixture.ts'
import { REAL_CLOCK } from './real-clock.ts'

const [, , home = ''] = process.argv
const node = createChainNode(
  { clock: REAL_CLOCK, logger: SILENT_LOGGER, rng: seededRng(VALIDATOR_SEED) },
  { home, rpcPort: 0 },
)
await node.start()
process.stdout.write(`${node.rpcUrl()}\n`)
// A test that dies leaves no node behind: its end of the pipe closes.
process.stdin.on('end', () => process.exit(0)).resume()
await node.done

/** A node of the embedded engine in a process of its own, for flood.ts: `node flood-node.ts HOME`. Ends when its stdin does. */
import { createChainNode } from '../../src/chain-node/chain-node.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'

const node = createChainNode(
  { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER, rng: SYSTEM_RNG },
  { home: process.argv[2] ?? '', rpcPort: 0 },
)
process.stdin.on('end', () => void node.stop())
process.stdin.resume()
await node.start()
process.stdout.write(`${node.rpcUrl()}\n`)
await node.done

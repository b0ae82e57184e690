/**
 * A companion that cheats: the very host of src/main with its compute port wrapped. Its own program, so that nothing in src
 * knows of it. Honest until a race of its own has counted.
 */
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFileLogger } from '../../../src/main/file-logger.ts'
import { startHostProcess } from '../../../src/main/host-process.ts'
import { onParentGone } from '../../../src/main/network/exit-with-parent.ts'
import { printReady } from '../../../src/main/network/ready-line.ts'
import { startNodeCompute } from '../../../src/main/node-compute.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'
import { forgeFinds } from '../cheats/forged-find.ts'
import { skipChecks } from '../cheats/lazy-verifier.ts'

const { values } = parseArgs({
  options: {
    cheat: { type: 'string' },
    home: { type: 'string' },
    rpc: { type: 'string' },
    bootstrap: { type: 'string', multiple: true },
  },
})
const { cheat, home, rpc } = values
if (home === undefined || rpc === undefined || (cheat !== 'forged-find' && cheat !== 'lazy-verifier')) {
  throw new Error('usage: cheat-host --cheat forged-find|lazy-verifier --home DIR --rpc URL [--bootstrap ADDRESS …]')
}
const logger = createFileLogger({ folder: join(home, '..', 'logs'), name: basename(home) })
const compute = startNodeCompute(new URL('./compute-worker.js', import.meta.url), logger)
const host = await startHostProcess(
  {
    clock: SYSTEM_CLOCK,
    rng: SYSTEM_RNG,
    logger,
    compute: cheat === 'forged-find' ? forgeFinds(compute.port) : skipChecks(compute.port),
  },
  {
    home,
    rpcUrl: rpc,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: values.bootstrap ?? [],
    moniker: 'companion-3',
    shape: 'dev',
    dutyPpm: 200_000,
    allowSoftwareAdapter: false,
  },
)
host.contributor.join().catch((error: unknown) => logger.log('error', 'join failed', { error: String(error) }))
printReady({ event: 'ready', role: 'host', p2p: [...host.peers.addresses()], address: host.keys.ownerAddress })

async function stop(): Promise<void> {
  await host.stop()
  await compute.stop()
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
onParentGone(() => void stop())

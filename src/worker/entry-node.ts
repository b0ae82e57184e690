import { parentPort } from 'node:worker_threads'
import { CodedError } from '../lib/coded-error.ts'
import { BackendPool } from './backend-pool.ts'
import { channelOfNodePort } from './compute-channel.ts'
import { ComputeServer } from './compute-server.ts'
import { systemClock } from './system-clock.ts'

/** The Node twin of entry-browser.ts for companions and tests: a worker thread with the oracle alone. */
if (parentPort === null) {
  throw new CodedError('not_a_worker', 'entry-node.ts runs as a worker thread')
}
const pool = new BackendPool(undefined)
new ComputeServer({ channel: channelOfNodePort(parentPort), pool, clock: systemClock }).start()

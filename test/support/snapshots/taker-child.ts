/** A process that takes one snapshot after the other until it is killed: `node taker-child.ts <home>`; a dot for each. */
import { SnapshotFolder } from '../../../src/chain-node/snapshots/snapshot-folder.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { largeState, tipOf } from './states.ts'

const folder = new SnapshotFolder(`${process.argv[2]}/snapshots`, SILENT_LOGGER)
const state = largeState(8_000, 700)
const first = (folder.list()[0]?.metadata.height ?? 0) + 1
for (let height = first; ; height++) {
  await folder.add({ ...tipOf(state, height), slices: [[...state.entries()]] })
  await folder.prune(2)
  process.stdout.write('.')
}

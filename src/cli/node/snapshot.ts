import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { JSON_OUTPUT, MEMBER_HOME } from '../options.ts'

export const NODE_SNAPSHOT_COMMAND = defineCommand({
  name: 'node snapshot',
  group: 'processes',
  summary: 'snapshots of a node’s state: create, list, restore',
  details:
    'create and restore need a node that does not run. restore makes the snapshot in the folder SNAPSHOT the state of this node; CometBFT then ' +
    'replays its own blocks from there on. A new node joins by state sync instead (node.json, “stateSync”).',
  options: { home: MEMBER_HOME, json: JSON_OUTPUT },
  positionals: {
    action: { schema: z.enum(['create', 'list', 'restore']), summary: 'create, list or restore' },
    snapshot: { schema: z.string().min(1).max(1_024).optional(), summary: 'folder of the snapshot, for restore' },
  },
  examples: [
    'tailrace node snapshot create --home ./n1',
    'tailrace node snapshot list --home ./n1',
    'tailrace node snapshot restore ./n1/snapshots/12000-1 --home ./n1',
  ],
  async run(args, context) {
    const { runNodeSnapshot } = await import('./run-snapshot.ts')
    return await runNodeSnapshot(args, context)
  },
})

import { defineCommand } from '../command.ts'
import { JSON_OUTPUT, MEMBER_HOME } from '../options.ts'

export const NODE_STATUS_COMMAND = defineCommand({
  name: 'node status',
  group: 'processes',
  summary: 'what a node is at: height, app hash, peers, power',
  options: { home: MEMBER_HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace node status --home ./n1', 'tailrace node status --home ./n1 --json'],
  async run(args, context) {
    const { runNodeStatus } = await import('./run-status.ts')
    return await runNodeStatus(args, context)
  },
})

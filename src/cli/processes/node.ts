import { defineCommand } from '../command.ts'
import { MEMBER_HOME, METRICS_PORT, portOption } from '../options.ts'

export const NODE_COMMAND = defineCommand({
  name: 'node',
  group: 'processes',
  summary: 'one chain node',
  options: {
    home: MEMBER_HOME,
    'rpc-port': portOption(26_657, 'port of the RPC on loopback'),
    'metrics-port': METRICS_PORT,
  },
  positionals: {},
  examples: ['tailrace node --home ./n1 --rpc-port 0'],
  async run(args, context) {
    // Loaded when it is needed: a `tailrace status` should not wait for a peer-to-peer stack.
    const { runNode } = await import('./run-node.ts')
    return await runNode(args, context)
  },
})

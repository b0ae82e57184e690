import { defineCommand } from '../command.ts'
import { MEMBER_HOME } from '../options.ts'

export const NODE_START_COMMAND = defineCommand({
  name: 'node start',
  group: 'processes',
  summary: 'a node of a network of several machines: the application and CometBFT, kept alive together',
  details:
    'Stays until Ctrl-C. CometBFT is found by TAILRACE_COMETBFT, else where `npm run cometbft` put it, else on PATH. Its config.toml is ' +
    'written from node.json at every start. Ends with code 3 where a restart would not help: an upgrade is due.',
  options: { home: MEMBER_HOME },
  positionals: {},
  examples: ['tailrace node start --home ./n1'],
  async run(args, context) {
    const { runNodeStart } = await import('./run-start.ts')
    return await runNodeStart(args, context)
  },
})

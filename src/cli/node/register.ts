import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { JSON_OUTPUT, MEMBER_HOME } from '../options.ts'

export const NODE_REGISTER_COMMAND = defineCommand({
  name: 'node register',
  group: 'processes',
  summary: 'ties this node’s consensus key to a host that has weight, so that its races become voting power',
  details:
    'With --host it signs with the owner key in that host’s folder and sends the registration to this node. Without it the message is printed, for ' +
    'the owner to sign elsewhere.',
  options: {
    home: MEMBER_HOME,
    host: {
      schema: z.string().min(1).max(1_024).optional(),
      value: 'DIR',
      summary: 'folder of the host whose owner key signs',
    },
    owner: {
      schema: z.string().max(128).optional(),
      value: 'ADDRESS',
      summary: 'address of the owner, where it signs elsewhere',
    },
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: ['tailrace node register --home ./n1 --host ./host', 'tailrace node register --home ./n1 --owner tail1…'],
  async run(args, context) {
    const { runNodeRegister } = await import('./run-register.ts')
    return await runNodeRegister(args, context)
  },
})

import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { JSON_OUTPUT, MEMBER_HOME } from '../options.ts'

export const NODE_EXPORT_COMMAND = defineCommand({
  name: 'node export',
  group: 'processes',
  summary: 'the whole state of a node that does not run, as a file; or the genesis of a network that begins with it',
  details:
    'The state: one JSON object a line, with the name of each entry’s kind. With --restart-as: a genesis.json with everybody’s money, under ' +
    'another chain id.',
  options: {
    home: MEMBER_HOME,
    output: { schema: z.string().min(1).max(1_024), value: 'FILE', summary: 'file to write' },
    'restart-as': {
      schema: z
        .string()
        .regex(/^[a-z][a-z0-9-]{2,48}$/, 'must be lower-case letters, digits and hyphens')
        .optional(),
      value: 'ID',
      summary: 'write a genesis of a new network with this chain id instead',
    },
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: [
    'tailrace node export --home ./n1 --output state.jsonl',
    'tailrace node export --home ./n1 --restart-as tailrace-2 --output genesis.json',
  ],
  async run(args, context) {
    const { runNodeExport } = await import('./run-export.ts')
    return await runNodeExport(args, context)
  },
})

import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { MEMBER_HOME } from '../options.ts'

const TEXT = z.string().min(1).max(1_024).optional()

export const NODE_APP_COMMAND = defineCommand({
  name: 'node app',
  group: 'processes',
  summary: 'the application of a node alone, for a CometBFT that something else runs',
  details: 'Ends with code 3 where a restart would not help: an upgrade is due, or its data needs a person.',
  options: {
    home: MEMBER_HOME,
    address: {
      schema: TEXT,
      value: 'ADDRESS',
      summary: 'tcp://127.0.0.1:port or unix:///path instead of the one in node.json',
    },
    record: {
      schema: TEXT,
      value: 'FILE',
      summary: 'write each block’s request and app hash to this file, one JSON object a line',
    },
  },
  positionals: {},
  examples: ['tailrace node app --home ./n1'],
  async run(args, context) {
    const { runApp } = await import('./run-app.ts')
    return await runApp(args, context)
  },
})

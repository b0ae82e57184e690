import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { flag, JSON_OUTPUT, MEMBER_HOME, wholeNumber } from '../options.ts'

const MOST_HEIGHT = 999_999_999_999
const MOST_VERSION = 1_000_000
const NAME_CHARACTERS = 128

export const NODE_UPGRADE_COMMAND = defineCommand({
  name: 'node upgrade',
  group: 'processes',
  summary: 'this validator’s vote for an upgrade: height and version of the rules, or none',
  details:
    'Signed by the account of the node and sent through its own CometBFT. A plan stands when more than two thirds of the power vote for the same ' +
    'height, version, name and address. A validator has one vote; the last one counts. Without a vote to give it shows how they stand.',
  options: {
    home: MEMBER_HOME,
    height: { schema: wholeNumber(1, MOST_HEIGHT).optional(), value: 'H', summary: 'first block under the new rules' },
    version: {
      schema: wholeNumber(1, MOST_VERSION).optional(),
      value: 'V',
      summary: 'version of the rules from there',
    },
    name: {
      schema: z.string().max(NAME_CHARACTERS).default(''),
      value: 'TEXT',
      summary: 'name of the program, part of the plan',
    },
    url: {
      schema: z
        .url('must be a URL')
        .max(NAME_CHARACTERS - 1)
        .optional(),
      value: 'URL',
      summary: 'where to get it, part of the plan',
    },
    withdraw: flag('vote for no upgrade: more than two thirds of the power withdraw an accepted one'),
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: [
    'tailrace node upgrade --home ./n1 --height 120000 --version 2 --name v2.0.0',
    'tailrace node upgrade --home ./n1 --withdraw',
    'tailrace node upgrade --home ./n1',
  ],
  async run(args, context) {
    const { runNodeUpgrade } = await import('./run-upgrade.ts')
    return await runNodeUpgrade(args, context)
  },
})

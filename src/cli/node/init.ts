import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { JSON_OUTPUT, MEMBER_HOME } from '../options.ts'

export const NODE_INIT_COMMAND = defineCommand({
  name: 'node init',
  group: 'processes',
  summary: 'makes a folder a node’s: keys, node.json, and the genesis of its network',
  details:
    'With --genesis it joins that network, with --chain-id it begins one of its own with this node as the only validator. Keys that ' +
    'are there stay. Back up priv_validator_key.json: it cannot be made again.',
  options: {
    home: MEMBER_HOME,
    genesis: {
      schema: z.string().min(1).max(1_024).optional(),
      value: 'FILE',
      summary: 'genesis.json of the network to join',
    },
    'chain-id': {
      schema: z
        .string()
        .regex(/^[a-z][a-z0-9-]{2,48}$/, 'must be lower-case letters, digits and hyphens')
        .optional(),
      value: 'ID',
      summary: 'begin a network of this name, with the parameters of a local one',
    },
    moniker: { schema: z.string().max(64).default(''), value: 'NAME', summary: 'name that others see' },
    peer: {
      schema: z
        .array(z.string().regex(/^[0-9a-f]{40}@[^@,\s]{1,255}:[0-9]{1,5}$/, 'must be id@host:port'))
        .max(64)
        .default([]),
      value: 'ID@HOST:PORT',
      isMany: true,
      summary: 'a node to stay connected to',
    },
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: [
    'tailrace node init --home ./n1 --genesis genesis.json --peer 0123456789abcdef0123456789abcdef01234567@203.0.113.5:26656',
    'tailrace node init --home ./n1 --chain-id tailrace-local-1',
  ],
  async run(args, context) {
    const { runNodeInit } = await import('./run-init.ts')
    return await runNodeInit(args, context)
  },
})

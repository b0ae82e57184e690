import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { amountOption, JSON_OUTPUT, MEMBER_HOME, RPC, wholeNumber } from '../options.ts'

export const KEY_CREATE_COMMAND = defineCommand({
  name: 'key create',
  group: 'developer',
  summary: 'an API key, funded by a deposit from the account whose keys lie in --home',
  options: {
    home: MEMBER_HOME,
    rpc: RPC,
    amount: amountOption(10_000_000n, 'what is deposited'),
    model: {
      schema: z.array(z.string().max(64)).max(16).default([]),
      value: 'ID',
      isMany: true,
      summary: 'model that it may order from; none = all',
    },
    'max-price': amountOption(0n, 'most for a million output tokens; 0 = any'),
    limit: amountOption(0n, 'most that it may spend; 0 = what is deposited'),
    'expiry-blocks': {
      schema: wholeNumber(1, 100_000_000).default(6_307_200),
      value: 'N',
      summary: 'blocks for which it is good',
    },
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: ['tailrace key create --home ./net/developer --rpc http://127.0.0.1:26657 --amount 5000000'],
  async run(args, context) {
    const { createKey } = await import('./create-key.ts')
    return await createKey(args, context)
  },
})

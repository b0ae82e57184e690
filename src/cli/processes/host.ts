import { z } from 'zod'
import { defineCommand } from '../command.ts'
import { BOOTSTRAP, flag, LISTEN, MEMBER_HOME, METRICS_PORT, MODELS_FOLDER, RPC, wholeNumber } from '../options.ts'

export const HOST_COMMAND = defineCommand({
  name: 'host',
  group: 'processes',
  summary: 'one host on the CPU',
  options: {
    home: MEMBER_HOME,
    rpc: RPC,
    listen: LISTEN,
    bootstrap: BOOTSTRAP,
    moniker: { schema: z.string().max(64).default(''), value: 'NAME', summary: 'name that others see' },
    shape: { schema: z.enum(['dev', 'std']).default('dev'), value: 'SHAPE', summary: 'shape of the race: dev or std' },
    models: MODELS_FOLDER,
    'duty-ppm': {
      schema: wholeNumber(1, 1_000_000).default(1_000_000),
      value: 'N',
      summary: 'share of the time that it races, parts per million',
    },
    'metrics-port': METRICS_PORT,
    join: flag('join at the start'),
  },
  positionals: {},
  examples: ['tailrace host --home ./h3 --rpc http://127.0.0.1:26657 --listen /ip4/127.0.0.1/tcp/0 --join'],
  async run(args, context) {
    // Loaded when it is needed: a `tailrace status` should not wait for a peer-to-peer stack.
    const { runHost } = await import('./run-host.ts')
    return await runHost(args, context)
  },
})

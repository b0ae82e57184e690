import { defineCommand } from '../command.ts'
import { BOOTSTRAP, LISTEN, MEMBER_HOME, MODELS_FOLDER, portOption, RPC } from '../options.ts'

export const GATEWAY_COMMAND = defineCommand({
  name: 'gateway',
  group: 'processes',
  summary: 'an OpenAI-compatible gateway on loopback',
  options: {
    home: MEMBER_HOME,
    rpc: RPC,
    port: portOption(8_080, 'port of the API on loopback'),
    listen: LISTEN,
    bootstrap: BOOTSTRAP,
    models: MODELS_FOLDER,
  },
  positionals: {},
  examples: ['tailrace gateway --home ./gateway --rpc http://127.0.0.1:26657 --port 8080'],
  async run(args, context) {
    // Loaded when it is needed: a `tailrace status` should not wait for a peer-to-peer stack.
    const { runGateway } = await import('./run-gateway.ts')
    return await runGateway(args, context)
  },
})

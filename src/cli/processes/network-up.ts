/** `tailrace network up` and `down`: a network of validators on this computer, in the foreground or as a group of its own. */
import { z } from 'zod'
import { LOW_DUTY_PPM, NETWORK_LIMITS } from '../../main/network/validators/plan.ts'
import type { OptionSpec } from '../command.ts'
import { defineCommand } from '../command.ts'
import { flag, JSON_OUTPUT, wholeNumber } from '../options.ts'

const NETWORK_HOME: OptionSpec<string | undefined> = {
  schema: z.string().min(1).max(1_024).optional(),
  value: 'DIR',
  summary: 'folder of the network (default: the folder validator-network of the platform’s place for application data)',
}

export const NETWORK_UP_COMMAND = defineCommand({
  name: 'network up',
  group: 'processes',
  summary: 'a network of validators on this computer: CometBFT, applications, hosts and a gateway on loopback',
  details:
    'Each validator has a host that races and owns its key; further hosts are carried by the validators. Stays until Ctrl-C, or with --detach until ' +
    '`tailrace network down`. Keys, chain and ports are kept: the next start goes on. Needs CometBFT (`npm run cometbft`).',
  options: {
    home: NETWORK_HOME,
    validators: {
      schema: wholeNumber(1, NETWORK_LIMITS.validators).default(4),
      value: 'N',
      summary: 'validators, each with its host',
    },
    hosts: {
      schema: wholeNumber(0, NETWORK_LIMITS.hosts).default(3),
      value: 'N',
      summary: 'further hosts',
    },
    'duty-ppm': {
      schema: wholeNumber(1, 1_000_000).default(LOW_DUTY_PPM),
      value: 'N',
      summary: 'share of the time that each host races, parts per million',
    },
    detach: flag('leave it running and come back when it is ready'),
    reset: flag('delete the network in this folder and begin another'),
    json: JSON_OUTPUT,
  },
  positionals: {},
  examples: ['tailrace network up --validators 4 --hosts 3', 'tailrace network up --detach --home ./net'],
  async run(args, context) {
    const { runNetworkUp } = await import('./run-network-up.ts')
    return await runNetworkUp(args, context)
  },
})

export const NETWORK_DOWN_COMMAND = defineCommand({
  name: 'network down',
  group: 'processes',
  summary: 'stops a network of validators; its keys and its chain stay',
  options: { home: NETWORK_HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace network down', 'tailrace network down --home ./net'],
  async run(args, context) {
    const { runNetworkDown } = await import('./run-network-down.ts')
    return await runNetworkDown(args, context)
  },
})

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findCometbft } from '../../main/cometbft/binary.ts'
import { defaultHome, lockHome } from '../../main/data-folder.ts'
import { createFileLogger } from '../../main/file-logger.ts'
import { ensureLocalDeveloper } from '../../main/local-developer.ts'
import { developerHome, settlePlan } from '../../main/network/validators/plan.ts'
import { startValidatorNetwork } from '../../main/network/validators/validator-network.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import { BUILT_IN_MODELS_FOLDER, PROGRAM_FILE } from '../built-files.ts'
import type { CliContext } from '../context.ts'
import { untilStopped } from '../until-stopped.ts'
import { startDetached } from './detached-network.ts'
import { logLevelOf } from './log-level.ts'
import type { NetworkUp } from './network-line.ts'
import { sayNetwork } from './network-line.ts'

export interface NetworkUpArguments {
  readonly home: string | undefined
  readonly validators: number
  readonly hosts: number
  readonly 'duty-ppm': number
  readonly detach: boolean
  readonly reset: boolean
  readonly json: boolean
}

/** The folder that a person named, else the platform's place. */
export function validatorNetworkHome(named: string | undefined, { env, platform }: CliContext): string {
  return named ?? join(defaultHome(env, platform), 'validator-network')
}

/** @throws CodedError `no_cometbft`, `already_running`, `network_mismatch`, `child_failed`, `child_timeout` … */
export async function runNetworkUp(args: NetworkUpArguments, context: CliContext): Promise<number> {
  const home = validatorNetworkHome(args.home, context)
  const { path: cometbft } = findCometbft(context.env)
  if (args.detach) {
    sayNetwork(await startDetached({ ...args, home }), args.json, context)
    return 0
  }
  const lock = lockHome(home)
  try {
    return await runLocked({ ...args, home }, cometbft, context)
  } finally {
    lock.release()
  }
}

async function runLocked(
  args: NetworkUpArguments & { readonly home: string },
  cometbft: string,
  context: CliContext,
): Promise<number> {
  const { home } = args
  const { env, terminal } = context
  if (args.reset) {
    resetNetwork(home)
  }
  const stopped = untilStopped({ withParent: args.json })
  const logger = createFileLogger({ folder: join(home, 'logs'), name: 'network', level: logLevelOf(env) })
  const components = { clock: SYSTEM_CLOCK, logger, rng: SYSTEM_RNG }
  const plan = await settlePlan(home, args, SYSTEM_RNG)
  const { validators, hosts } = args
  terminal.say(`starting ${validators} validators, ${validators + hosts} hosts and a gateway in ${home}`)
  const network = await startValidatorNetwork(components, {
    home,
    plan,
    program: [process.execPath, PROGRAM_FILE],
    cometbft,
    builtInModels: BUILT_IN_MODELS_FOLDER,
    dutyPpm: args['duty-ppm'],
    onExit: (child, exit) => terminal.say(`${child.name} ended (${exit}), starting it again`),
  })
  const stopping = new AbortController()
  try {
    const rpcUrl = network.rpcUrls[0] ?? ''
    const ended = Promise.race([stopped, network.done.then(() => 'done')])
    const developer = ensureLocalDeveloper(components, { home: developerHome(home), rpcUrl }, stopping.signal)
    const ready = await Promise.race([developer, ended])
    if (typeof ready !== 'string') {
      sayNetwork(upOf(network, home, ready.apiKey), args.json, context)
    }
    logger.log('info', 'stopping', { reason: await ended })
    terminal.say('stopping …')
  } finally {
    stopping.abort()
    await network.stop()
  }
  return 0
}

function upOf(
  { chainId, rpcUrls, openaiUrl, bootstrap }: Awaited<ReturnType<typeof startValidatorNetwork>>,
  home: string,
  apiKey: string,
): NetworkUp {
  return {
    event: 'up',
    pid: process.pid,
    home,
    chainId,
    rpc: [...rpcUrls],
    openai: openaiUrl,
    apiKey,
    p2p: [...bootstrap],
  }
}

/** Nothing else that lies in the folder is touched. */
function resetNetwork(home: string): void {
  const own = /^((validator(-host)?|host)-[0-9]+|gateway|developer|models|logs|validators\.json)$/
  for (const name of readdirSync(home).filter((entry) => own.test(entry))) {
    rmSync(join(home, name), { recursive: true, force: true })
  }
}

/** `tailrace start`: the service shell until Ctrl-C, `tailrace stop` or the end of the process that supervises it. */
import { join } from 'node:path'
import { z } from 'zod'
import type { SettingName, SettingsPatch } from '../../ipc/wires/settings-wire.ts'
import { networkHome } from '../../main/data-folder.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import { linkOfRunningInstance } from '../../main/screen/running-instance.ts'
import { parseSetting, SETTING_FORMS, SETTING_NAMES } from '../../main/settings/setting-forms.ts'
import { openSettings, settingsFile } from '../../main/settings/settings-store.ts'
import type { OptionSpec } from '../command.ts'
import { defineCommand } from '../command.ts'
import { flag, HOME, portOption } from '../options.ts'
import { announce } from './announce.ts'
import { resetNetwork } from './reset-network.ts'

/** Given as a switch since the first version. */
const SWITCHES: readonly SettingName[] = ['allowSoftwareAdapter']
/** The desktop application's. */
const ELSEWHERE: readonly SettingName[] = ['autostart', 'closeToTray']
const FLAGGED = SETTING_NAMES.filter((name) => !SWITCHES.includes(name) && !ELSEWHERE.includes(name))

const SETTING_OPTIONS: Readonly<Record<string, OptionSpec<string | undefined>>> = Object.fromEntries(
  FLAGGED.map((setting) => {
    const { name, summary, allowed, variable } = SETTING_FORMS[setting]
    const option: OptionSpec<string | undefined> = {
      schema: z.string().max(2_048).optional(),
      value: 'VALUE',
      summary: `${summary}: ${allowed} (or ${variable})`,
    }
    return [name, option]
  }),
)

export const START_COMMAND = defineCommand({
  name: 'start',
  group: 'application',
  summary: 'the application on a local network: a chain node, two companions, a gateway, your host, the screen',
  details: 'Stays until Ctrl-C or `tailrace stop`. A second start on the same folder leads to the one that runs.',
  options: {
    home: HOME,
    'rpc-port': portOption(0, 'port of the chain’s RPC on loopback, kept over restarts; 0 = any free one'),
    'no-open': flag('do not open a browser; print the link'),
    'allow-software-adapter': flag(`${SETTING_FORMS.allowSoftwareAdapter.summary}`),
    reset: flag('begin the local network anew; the keys and the settings of your own host stay'),
    json: flag('print one JSON line with the endpoints when ready'),
    // Taken by `npm start`, which asks before it installs anything.
    yes: flag('do not ask'),
    ...SETTING_OPTIONS,
  },
  positionals: {},
  examples: [
    'tailrace start',
    'tailrace start --duty 50% --no-open',
    'tailrace start --home ./net --screen-port 0 --no-open --json',
  ],
  async run(args, context) {
    const home = networkHome(args.home, context.env, context.platform)
    const settings = openSettings({
      file: settingsFile(args.home, context.env, context.platform),
      env: context.env,
      flags: flagsOf(args),
      shell: 'service',
      knownModels: BUILT_IN_MODELS,
    })
    const at = { home, logFolder: join(home, 'logs'), isJson: args.json, isOpening: !args['no-open'] }
    const running = args.reset ? undefined : await linkOfRunningInstance(home)
    if (running !== undefined) {
      context.terminal.say('Tailrace already runs on this folder.')
      await announce(running, at, context)
      return 0
    }
    if (args.reset) {
      resetNetwork(home)
      context.terminal.say(`The local network in ${home} was deleted.`)
    }
    const { runShell } = await import('./run-shell.ts')
    await runShell({ settings, at, rpcPort: args['rpc-port'] }, context)
    return 0
  },
})

function flagsOf(args: Readonly<Record<string, unknown>>): SettingsPatch {
  const given = FLAGGED.flatMap((setting) => {
    const { name } = SETTING_FORMS[setting]
    const text = args[name]
    return typeof text === 'string' ? [[setting, parseSetting(setting, text, 'bad_usage', { said: `--${name}` })]] : []
  })
  const software = args['allow-software-adapter'] === true ? { allowSoftwareAdapter: true } : {}
  return { ...Object.fromEntries(given), ...software }
}

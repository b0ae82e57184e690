/** `tailrace stop` and `tailrace open`: what is asked of the running application itself, at its control endpoint. */
import { CodedError } from '../../lib/coded-error.ts'
import { holderOf, isAlive, networkHome } from '../../main/data-folder.ts'
import { askRunningInstance, linkOfRunningInstance } from '../../main/screen/running-instance.ts'
import { defineCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { notThere, runningInstance } from '../control-client.ts'
import { flag, HOME, JSON_OUTPUT } from '../options.ts'
import { openScreen } from '../processes/announce.ts'
import { emit } from '../with-control.ts'

/** A safe point comes within seconds; a child that hangs is ended after eight. */
const STOP_TIMEOUT_MS = 60_000
const LOOK_AGAIN_MS = 100

export const STOP_COMMAND = defineCommand({
  name: 'stop',
  group: 'application',
  summary: 'stop the running application at a safe point and wait for its end',
  details: 'What this host has joined stays joined: the next start goes on. `tailrace finish` leaves first.',
  options: { home: HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace stop', 'tailrace stop --home ./net --json'],
  async run(args, context) {
    const home = networkHome(args.home, context.env, context.platform)
    const instance = await runningInstance(home)
    const answer = await askRunningInstance(instance, 'stop')
    if (answer === undefined) {
      throw notThere(home)
    }
    context.terminal.say('Stopping …')
    await untilGone(answer.pid, home, context)
    emit(context, args.json, { stopped: true, pid: answer.pid }, () => 'Stopped.')
    return 0
  },
})

export const OPEN_COMMAND = defineCommand({
  name: 'open',
  group: 'application',
  summary: 'open the screen of the running application',
  options: { home: HOME, json: JSON_OUTPUT, 'no-open': flag('only print the link') },
  positionals: {},
  examples: ['tailrace open', 'tailrace open --no-open'],
  async run(args, context) {
    const home = networkHome(args.home, context.env, context.platform)
    const running = await linkOfRunningInstance(home)
    if (running === undefined) {
      throw notThere(home)
    }
    const isOwnWindow = running.link === ''
    const opened = args['no-open'] || isOwnWindow ? undefined : await openScreen(running.link, home, context)
    emit(context, args.json, { link: running.link, opened: isOwnWindow || opened !== undefined }, () =>
      isOwnWindow
        ? 'Its window was brought to the front.'
        : opened === undefined
          ? `Open this link in a browser: ${running.link}`
          : `The screen is open in your browser. If not: ${running.link}`,
    )
    return 0
  },
})

/** @throws CodedError `timed_out`, `interrupted` */
async function untilGone(pid: number, home: string, { clock, signal }: CliContext): Promise<void> {
  const endMs = clock.nowMs() + STOP_TIMEOUT_MS
  // A process that this very one runs in (tests) gives its lock back; every other one also ends.
  while (holderOf(home) !== undefined || (isAlive(pid) && pid !== process.pid)) {
    if (clock.nowMs() > endMs) {
      throw new CodedError('timed_out', `process ${pid} has not ended after ${STOP_TIMEOUT_MS / 1_000} seconds`, {
        fields: { pid },
      })
    }
    await clock.sleep(LOOK_AGAIN_MS, signal)
  }
}

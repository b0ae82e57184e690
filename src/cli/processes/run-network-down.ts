import { CodedError } from '../../lib/coded-error.ts'
import { holderOf, isAlive } from '../../main/data-folder.ts'
import type { CliContext } from '../context.ts'
import { emit } from '../with-control.ts'
import { validatorNetworkHome } from './run-network-up.ts'

const STOP_LIMIT_MS = 60_000
const POLL_MS = 100

/** Nothing to do where none runs. @throws CodedError `timed_out` */
export async function runNetworkDown(
  args: { readonly home: string | undefined; readonly json: boolean },
  context: CliContext,
): Promise<number> {
  const home = validatorNetworkHome(args.home, context)
  const pid = holderOf(home)
  if (pid === undefined) {
    emit(context, args.json, { event: 'down', home, was: 'stopped' }, () => `no network runs in ${home}`)
    return 0
  }
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; isAlive(pid); waitedMs += POLL_MS) {
    if (waitedMs >= STOP_LIMIT_MS) {
      throw new CodedError('timed_out', `process ${pid} did not end within ${STOP_LIMIT_MS / 1_000} s`, {
        fields: { pid },
      })
    }
    await context.clock.sleep(POLL_MS)
  }
  emit(
    context,
    args.json,
    { event: 'down', home, was: 'running' },
    () => `the network in ${home} is stopped; it goes on with \`tailrace network up\``,
  )
  return 0
}

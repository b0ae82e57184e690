/** What commands of the running application have in common: the connection for as long as they need it, one output, one question. */
import { screenErrorOf } from '../ipc/screen-client.ts'
import type { ScreenSnapshot } from '../ipc/snapshot.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { CliContext } from './context.ts'
import type { Control } from './control-client.ts'

/** Whatever the application answers with as an error is thrown as that coded error. @throws CodedError `not_running` … */
export async function withControl<T>(
  context: CliContext,
  home: string | undefined,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  const control = await context.connect(home)
  try {
    return await use(control)
  } catch (error) {
    throw error instanceof CodedError ? error : screenErrorOf(error)
  } finally {
    control.close()
  }
}

/** The present snapshot. @throws CodedError `connection_lost` */
export async function snapshotOf(control: Control): Promise<ScreenSnapshot> {
  const enough = new AbortController()
  try {
    for await (const snapshot of control.watch(enough.signal)) {
      return snapshot
    }
  } finally {
    enough.abort()
  }
  throw new CodedError('connection_lost', 'the running application answered nothing')
}

/** Waits for a snapshot in which the probe finds something. @throws CodedError `interrupted`, `timed_out`, and what the probe throws */
export async function waitForSnapshot<T>(
  control: Control,
  context: CliContext,
  probe: (snapshot: ScreenSnapshot) => T | undefined,
  timeoutMs: number,
): Promise<T> {
  const over = new AbortController()
  let reason = 'timed_out'
  const interrupt = (): void => {
    reason = 'interrupted'
    over.abort()
  }
  context.signal.addEventListener('abort', interrupt, { once: true })
  context.clock.sleep(timeoutMs, over.signal).then(
    () => over.abort(),
    () => undefined,
  )
  try {
    for await (const snapshot of control.watch(over.signal)) {
      const found = probe(snapshot)
      if (found !== undefined) {
        return found
      }
    }
    throw reason === 'timed_out'
      ? new CodedError('timed_out', `it took longer than ${Math.round(timeoutMs / 1_000)} seconds`)
      : new CodedError('interrupted', 'interrupted')
  } finally {
    context.signal.removeEventListener('abort', interrupt)
    over.abort()
  }
}

/** One JSON document on one line, or the text. */
export function emit({ terminal }: CliContext, isJson: boolean, value: unknown, text: () => string): void {
  terminal.out(isJson ? JSON.stringify(value) : text())
}

/** @throws CodedError `confirmation_needed` where nobody can be asked, `declined` */
export async function confirm({ terminal }: CliContext, isYes: boolean, question: string): Promise<void> {
  if (isYes) {
    return
  }
  if (!terminal.isInteractive) {
    throw new CodedError('confirmation_needed', question)
  }
  const answer = (await terminal.ask(`${question} [y/N] `)).trim().toLowerCase()
  if (answer !== 'y' && answer !== 'yes') {
    throw new CodedError('declined', 'nothing was changed')
  }
}

/**
 * What another program of the same person may ask of a running instance: a link to its screen, a session for the contract, or its end.
 * Invariant: only whoever can read the instance's private file (running-instance.ts) knows the control secret; a browser, which
 * always names its origin, is refused whatever it knows.
 */
import { z } from 'zod'
import { SECRET_BYTES, sameSecret } from '../../ipc/handshake.ts'
import { hexSchema } from '../../ipc/wire.ts'
import { schemaVerdict } from '../../lib/schema-verdict.ts'

/** POST, JSON as controlRequestSchema. */
export const CONTROL_PATH = '/control'

const controlRequestSchema = z.strictObject({
  control: hexSchema(SECRET_BYTES),
  ask: z.enum(['link', 'session', 'stop']),
})
type ControlRequest = z.infer<typeof controlRequestSchema>

export const controlAnswerSchema = z.object({
  /** Of the instance. */
  pid: z.int().positive(),
  /** A fresh link; empty where the instance showed a window of its own instead. */
  link: z.string().max(512).optional(),
  session: hexSchema(SECRET_BYTES).optional(),
})
export type ControlAnswer = z.infer<typeof controlAnswerSchema>

export interface ControlActions {
  /** A fresh link with a one-time token. */
  readonly link: () => string
  readonly createSession: () => string
  /** Begins to stop; the answer goes out first. */
  readonly stop: () => void
  /** Brings the application's own window to the front, where it has one; the link is then empty. */
  readonly show?: () => void
}

export interface ControlEndpoint {
  readonly status: number
  readonly body: ControlAnswer | { readonly code: 'control_refused' }
}

/** Answers one request. `origin` is the header of that name. */
export function answerControl(
  request: { readonly origin: string | undefined; readonly body: unknown },
  secret: string,
  actions: ControlActions,
): ControlEndpoint {
  const parsed = schemaVerdict(controlRequestSchema, request.body)
  if (request.origin !== undefined || !parsed.success || !sameSecret(parsed.data.control, secret)) {
    return { status: 403, body: { code: 'control_refused' } }
  }
  return { status: 200, body: { pid: process.pid, ...act(parsed.data.ask, actions) } }
}

function act(ask: ControlRequest['ask'], actions: ControlActions): Omit<ControlAnswer, 'pid'> {
  switch (ask) {
    case 'session':
      return { session: actions.createSession() }
    case 'link':
      if (actions.show === undefined) {
        return { link: actions.link() }
      }
      actions.show()
      return { link: '' }
    case 'stop':
      setImmediate(actions.stop)
      return {}
  }
}

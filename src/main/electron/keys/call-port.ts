/**
 * Questions and answers over a message port between two processes that do not trust each other's shapes. Invariant: every question is
 * decoded against its schema before its method sees it, every question ends (with its answer, with a coded error, or with
 * `connection_lost` when the port closes), and a peer can't have more than `MAX_CALLS` of them open.
 */
import { z } from 'zod'
import type { PortEnd } from '../../../ipc/port-transport.ts'
import { codedErrorSchema } from '../../../ipc/wire.ts'
import { CodedError, codedErrorFromJson } from '../../../lib/coded-error.ts'
import type { Logger } from '../../../lib/runtime.ts'
import { schemaVerdict } from '../../../lib/schema-verdict.ts'

export const MAX_CALLS = 64

/** One method: what it takes, checked, and what it does. */
export interface PortMethod<Input = never> {
  readonly input: z.ZodType<Input>
  call(input: Input): Promise<unknown>
}

const questionSchema = z.object({ id: z.number().int().nonnegative(), method: z.string().max(64), input: z.unknown() })
const answerSchema = z.union([
  z.object({ id: z.number().int(), value: z.unknown() }),
  z.object({ id: z.number().int(), error: codedErrorSchema }),
])

/** Joins schema and method so that the method sees exactly what the schema gives. */
export function portMethod<Input>(input: z.ZodType<Input>, call: (input: Input) => Promise<unknown>): PortMethod {
  return { input, call } as unknown as PortMethod
}

/** Answers until the port closes. */
export function serveCalls(end: PortEnd, methods: ReadonlyMap<string, PortMethod>, logger: Logger): void {
  let open = 0
  async function answer(message: unknown): Promise<void> {
    const parsed = schemaVerdict(questionSchema, message)
    if (!parsed.success) {
      // Without a number there is nobody to answer; a peer that sends such things gets nothing else either.
      logger.log('warn', 'malformed question on a port')
      end.close()
      return
    }
    const { id, method, input } = parsed.data
    if (open >= MAX_CALLS) {
      end.post({ id, error: new CodedError('busy', 'too many questions at once').toJSON() })
      return
    }
    open += 1
    try {
      end.post({ id, value: await callMethod(methods, method, input) })
    } catch (error) {
      end.post({ id, error: codedErrorOf(error, method, logger) })
    } finally {
      open -= 1
    }
  }
  end.onMessage((message) => void answer(message))
  end.start()
}

function callMethod(methods: ReadonlyMap<string, PortMethod>, name: string, input: unknown): Promise<unknown> {
  const method = methods.get(name)
  const parsed = method && schemaVerdict(method.input, input)
  if (method === undefined || parsed?.success !== true) {
    throw new CodedError('invalid_message', `no such question: ${name}`)
  }
  return method.call(parsed.data)
}

/** Texts of unknown failures stay in this process. */
function codedErrorOf(error: unknown, method: string, logger: Logger): z.infer<typeof codedErrorSchema> {
  if (error instanceof CodedError) {
    const parsed = schemaVerdict(codedErrorSchema, error.toJSON())
    if (parsed.success) {
      return parsed.data
    }
  }
  logger.log('error', 'a question on a port failed', { method })
  return { code: 'internal', message: 'internal error' }
}

export type Ask = <Output>(method: string, input: unknown, output: z.ZodType<Output>) => Promise<Output>

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: CodedError) => void
}

/** The asking end. Rejects with the other end's coded errors, with `connection_lost`, or `malformed_message` where an answer does not fit. */
export function createAsk(end: PortEnd): Ask {
  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let isClosed = false
  const lost = (): CodedError => new CodedError('connection_lost', 'the process that holds the keys is gone')
  end.onMessage((message) => {
    const parsed = schemaVerdict(answerSchema, message)
    const entry = parsed.success ? waiting.get(parsed.data.id) : undefined
    if (!parsed.success || entry === undefined) {
      return
    }
    waiting.delete(parsed.data.id)
    if ('error' in parsed.data) {
      entry.reject(codedErrorFromJson(parsed.data.error))
    } else {
      entry.resolve(parsed.data.value)
    }
  })
  end.onClose(() => {
    isClosed = true
    for (const { reject } of waiting.values()) {
      reject(lost())
    }
    waiting.clear()
  })
  end.start()
  return async (method, input, output) => {
    if (isClosed) {
      throw lost()
    }
    const id = nextId++
    const value = await new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      end.post({ id, method, input })
    })
    const parsed = schemaVerdict(output, value)
    if (!parsed.success) {
      throw new CodedError('malformed_message', `an answer to ${method} that does not fit`)
    }
    return parsed.data
  }
}

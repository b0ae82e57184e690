/** HTTP by hand, on few connections that are kept: what a gateway answers, header by header. */
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:http'
import { z } from 'zod'
import type { MalformedBody } from './malformed-bodies.ts'

export interface Refusal {
  readonly what: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** OpenAI's error body, nothing beside it. */
export const ERROR_BODY = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1).max(1_000),
    type: z.string().min(1),
    param: z.string().nullable(),
    code: z.string().min(1),
  }),
})

/** At one moment. */
export const CONNECTIONS = 8

export interface Posted {
  readonly answers: readonly Refusal[]
  /** How many connections that took. */
  readonly connections: number
}

/** Posts all bodies, a few at a time, each once. Rejects where one gets no answer in time. */
export async function postAll(
  url: string,
  apiKey: string,
  bodies: readonly MalformedBody[],
  deadlineMs: number,
): Promise<Posted> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const signal = AbortSignal.timeout(deadlineMs)
  const sockets = new Set<unknown>()
  const answers: Refusal[] = []
  const left = [...bodies]
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      answers.push(await post(url, apiKey, next, { agent, signal, sockets }))
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work))
    return { answers, connections: sockets.size }
  } finally {
    agent.destroy()
  }
}

interface Through {
  readonly agent: Agent
  readonly signal: AbortSignal
  readonly sockets: Set<unknown>
}

function post(url: string, apiKey: string, body: MalformedBody, { agent, signal, sockets }: Through): Promise<Refusal> {
  const { what, contentType = 'application/json' } = body
  const bytes = Buffer.from(body.body as string)
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': contentType,
    'content-length': bytes.length,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers, signal })
    sent.once('socket', (socket) => sockets.add(socket))
    sent.once('error', (cause) => reject(new Error(`no answer to: ${what}`, { cause })))
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('end', () => resolve({ what, status: response.statusCode ?? 0, headers: response.headers, text }))
      response.once('error', reject)
    })
    sent.end(bytes)
  })
}

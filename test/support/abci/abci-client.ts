/** CometBFT's side of one ABCI connection, for tests: requests go out as they are, answers come back in order. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { Request, Response } from 'cosmjs-types/tendermint/abci/types'

type Partially<T> = T extends bigint | string | number | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Partially<Item>[]
    : { readonly [Name in keyof T]?: Partially<T[Name]> }

/** A request with the fields that matter; the others have their defaults. */
export type AnyRequest = Partially<Request>

export interface AbciClient {
  readonly socket: Socket
  /** The answer to this request, whatever others are on their way. Rejects when the connection ends before it. */
  ask(request: AnyRequest): Promise<Response>
  /** All bytes that came so far. */
  readonly receivedBytes: number
  /** Resolves when the connection has ended, with the answers that nobody asked for. */
  readonly closed: Promise<readonly Response[]>
  end(): Promise<void>
}

export function encodeRequest(request: AnyRequest): Uint8Array {
  return Request.encode(completed(request), BinaryWriter.create().fork()).ldelim().finish()
}

/** Without its length in front. */
export function encodeBareRequest(request: AnyRequest): Uint8Array {
  return Request.encode(completed(request)).finish()
}

function completed(request: AnyRequest): Request {
  // What is missing is what fromPartial is there to fill.
  return Request.fromPartial(request as Request)
}

/** `tcp://host:port` or `unix:///path`. */
export async function connectAbci(address: string): Promise<AbciClient> {
  const socket = await openSocket(address)
  const waiting: { resolve: (response: Response) => void; reject: (error: Error) => void }[] = []
  const unasked: Response[] = []
  let buffer = Buffer.alloc(0)
  let receivedBytes = 0
  socket.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length
    buffer = Buffer.concat([buffer, chunk])
    for (let next = readAnswer(buffer); next !== undefined; next = readAnswer(buffer)) {
      buffer = buffer.subarray(next.used)
      const asked = waiting.shift()
      if (asked === undefined) {
        unasked.push(next.answer)
      } else {
        asked.resolve(next.answer)
      }
    }
  })
  const closed = new Promise<readonly Response[]>((resolve) => {
    socket.on('close', () => {
      for (const { reject } of waiting.splice(0)) {
        reject(new Error('the connection ended'))
      }
      resolve(unasked)
    })
  })
  return {
    socket,
    ask(request) {
      const answer = new Promise<Response>((resolve, reject) => waiting.push({ resolve, reject }))
      socket.write(encodeRequest(request))
      return answer
    },
    get receivedBytes() {
      return receivedBytes
    },
    closed,
    async end() {
      socket.destroy()
      await closed
    },
  }
}

async function openSocket(address: string): Promise<Socket> {
  const url = new URL(address)
  const socket = url.protocol === 'unix:' ? connect(url.pathname) : connect(Number(url.port), url.hostname)
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  // A server that hangs up is what some tests are about.
  socket.on('error', () => undefined)
  return socket
}

function readAnswer(buffer: Uint8Array): { answer: Response; used: number } | undefined {
  let length = 0
  for (let index = 0; index < Math.min(5, buffer.length); index++) {
    const byte = buffer[index] as number
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) {
      const used = index + 1 + length
      return used > buffer.length
        ? undefined
        : { answer: Response.decode(new BinaryReader(buffer.subarray(index + 1, used))), used }
    }
  }
  return undefined
}

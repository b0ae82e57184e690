/** Connections that begin as HTTP and go wrong: bent request lines and headers, upgrades, half bodies; then a reset, an end or silence. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../sampling-logits.ts'
import type { Random } from './bend-bytes.ts'
import { below, bentBytes, pick } from './bend-bytes.ts'

/** At one moment. */
const CONNECTIONS = 16
const LONGEST_STAY_MS = 20

const TARGETS = [
  '/',
  '//',
  '///x',
  '/%',
  '/%00',
  '/../../etc/passwd',
  '*',
  'http://[',
  'http://',
  'http:// x/',
  '?',
  '#',
  '/\\',
  'javascript:1',
  `/${'a'.repeat(9_000)}`,
]
const HEADERS = [
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade\r\nUpgrade: h2c',
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Protocol: ,,,',
  'Content-Length: 40',
  'Content-Length: 99999999999999999999',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Expect: 100-continue\r\nContent-Length: 10',
  'Origin: null',
  `Cookie: ${'c'.repeat(5_000)}`,
  'Content-Encoding: gzip\r\nContent-Length: 4',
  'Range: bytes=9-1',
  '',
]
const BODIES = ['', '{', '{"control":1}', '5\r\nabc', 'zz\r\n', '\u0000\u0001', 'x'.repeat(3_000)]

/** `paths`: of the server that is attacked; used as often as the odd ones. */
export async function attackHttp(port: number, paths: readonly string[], count: number, seed: number): Promise<void> {
  const random = createRandom(seed)
  let left = count
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await attackOnce(port, requestBytes(random, port, paths), random)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
}

function requestBytes(random: Random, port: number, paths: readonly string[]): Uint8Array {
  const method = pick(random, ['GET', 'POST', 'OPTIONS', 'HEAD', 'PUT', 'CONNECT', 'TRACE', 'BREW'])
  const target = random() < 0.5 ? pick(random, TARGETS) : pick(random, paths)
  const host = pick(random, [`127.0.0.1:${port}`, `127.0.0.1:${port}`, `localhost:${port}`, 'evil.example', ''])
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, pick(random, HEADERS), pick(random, HEADERS)]
  const text = `${lines.filter((line) => line !== '').join('\r\n')}\r\n\r\n${pick(random, BODIES)}`
  const bytes = new TextEncoder().encode(text)
  return random() < 0.3 ? bentBytes(random, [bytes]) : bytes
}

async function attackOnce(port: number, bytes: Uint8Array, random: Random): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  // Whatever the server does with it is right, as long as the server lives.
  socket.on('error', () => undefined)
  socket.on('data', () => undefined)
  await opened(socket)
  const at = random() < 0.3 ? below(random, bytes.length + 1) : bytes.length
  socket.write(bytes.subarray(0, at))
  await sleep(below(random, LONGEST_STAY_MS))
  switch (below(random, 3)) {
    case 0:
      socket.resetAndDestroy()
      return
    case 1:
      socket.end(bytes.subarray(at))
      await sleep(below(random, LONGEST_STAY_MS))
      socket.destroy()
      return
    default:
      socket.destroy()
  }
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve())
    socket.once('close', () => resolve())
  })
}

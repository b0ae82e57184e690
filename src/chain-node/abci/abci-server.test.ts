import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AbciClient } from '../../../test/support/abci/abci-client.ts'
import { connectAbci, encodeRequest } from '../../../test/support/abci/abci-client.ts'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { encodeAbciAnswer } from '../../protocol/abci/codec.ts'
import type { AnswerRequest } from './abci-connection.ts'
import { ABCI_LIMITS } from './abci-limits.ts'
import { AbciServer, parseAddress } from './abci-server.ts'

const TCP = 'tcp://127.0.0.1:0'
const CHUNK = new Uint8Array(256 * 1024).fill(1)
const CHUNKS = 400
/** 100 MiB of answers, if somebody reads them. */
const MANY_CHUNKS = concatBytes(
  ...Array.from({ length: CHUNKS }, () => encodeRequest({ loadSnapshotChunk: { height: 1n, format: 1, chunk: 0 } })),
)

/** Echo, and answers of a size that a slow reader feels; `commit` is refused, `info` waits until it is released. */
function createAnswers() {
  const asked: string[] = []
  const gate = Promise.withResolvers<void>()
  const answer: AnswerRequest = (request) => {
    asked.push(request.kind)
    switch (request.kind) {
      case 'echo':
        return encodeAbciAnswer('echo', { message: request.value.message })
      case 'flush':
        return encodeAbciAnswer('flush', {})
      case 'loadSnapshotChunk':
        return encodeAbciAnswer('loadSnapshotChunk', { chunk: CHUNK })
      case 'info':
        return gate.promise.then(() => encodeAbciAnswer('echo', { message: 'released' }))
      default:
        throw new CodedError('refused', `no ${request.kind} here`)
    }
  }
  const answered = (): number => asked.filter((kind) => kind === 'loadSnapshotChunk').length
  return { answer, asked, answered, release: () => gate.resolve() }
}

const lastCounts = new WeakMap<() => number, number>()

/** Whether the count is that of the last call. */
function hasStopped(count: () => number): boolean {
  const now = count()
  const isStill = now > 0 && lastCounts.get(count) === now
  lastCounts.set(count, now)
  return isStill
}

async function startServer(address = TCP) {
  const answers = createAnswers()
  const clock = new VirtualClock()
  const server = new AbciServer({ answer: answers.answer, clock, logger: SILENT_LOGGER })
  const bound = await server.listen(address)
  onTestFinished(() => server.stop())
  return { ...answers, clock, server, address: bound }
}

async function clientOf(address: string): Promise<AbciClient> {
  const client = await connectAbci(address)
  onTestFinished(() => client.end())
  return client
}

describe('the ABCI server', () => {
  it('answers each connection in order, many requests in one piece, and those behind a slow one after it', async () => {
    const { address, asked, release } = await startServer()
    const [slow, other] = await Promise.all([clientOf(address), clientOf(address)])
    const order: string[] = []
    const first = slow.ask({ info: {} }).then(({ echo }) => order.push(`first ${echo?.message}`))
    const second = slow.ask({ echo: { message: 'behind' } }).then(({ echo }) => order.push(`second ${echo?.message}`))
    const many = Array.from({ length: 200 }, (_none, index) => other.ask({ echo: { message: String(index) } }))
    const flushed = other.ask({ flush: {} })
    expect((await Promise.all(many)).map(({ echo }) => Number(echo?.message))).toEqual([...many.keys()])
    expect((await flushed).flush).toEqual({})
    expect(asked.filter((kind) => kind === 'info')).toHaveLength(1)
    expect(order).toEqual([])
    release()
    await Promise.all([first, second])
    expect(order).toEqual(['first released', 'second behind'])
  })

  it('serves four connections over a unix socket that is the owner’s alone, and takes it away at the end', async () => {
    const path = `${tempTree({})}/app.sock`
    const { address, server } = await startServer(`unix://${path}`)
    const clients = await Promise.all([1, 2, 3, 4].map(() => clientOf(address)))
    const answers = await Promise.all(clients.map((client, index) => client.ask({ echo: { message: `c${index}` } })))
    expect(answers.map(({ echo }) => echo?.message)).toEqual(['c0', 'c1', 'c2', 'c3'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await server.stop()
    await Promise.all(clients.map(({ closed }) => closed))
    expect(existsSync(path)).toBe(false)
  })

  it('tells a peer why it is dropped, and goes on with the others', async () => {
    const { address } = await startServer()
    const [good, refused, broken] = await Promise.all([1, 2, 3].map(() => clientOf(address)))
    const answer = await refused?.ask({ commit: {} })
    expect(answer?.exception?.error).toBe('refused: no commit here')
    broken?.socket.write(Uint8Array.of(5, 0xff, 0xff, 0xff, 0xff, 0xff))
    const last = await broken?.closed
    expect(last?.[0]?.exception?.error).toMatch(/^malformed_frame: /)
    await refused?.closed
    expect((await good?.ask({ echo: { message: 'still here' } }))?.echo?.message).toBe('still here')
  })

  it('refuses a request that is too long before it has come', async () => {
    const { address } = await startServer()
    const client = await clientOf(address)
    client.socket.write(encodeRequest({ finalizeBlock: { txs: [new Uint8Array(9 * 1024 * 1024)] } }).subarray(0, 100))
    expect((await client.closed)[0]?.exception?.error).toMatch(/^malformed_frame: /)
  })

  it('drops a peer that leaves a request unfinished, and none that is only silent', async () => {
    const { address, clock } = await startServer()
    const [silent, halfway] = await Promise.all([clientOf(address), clientOf(address)])
    await silent.ask({ echo: { message: 'hello' } })
    halfway.socket.write(encodeRequest({ echo: { message: 'unfinished' } }).subarray(0, 5))
    const dropped = halfway.closed.then(() => 'dropped')
    await waitFor('the unfinished peer to be dropped', async () => {
      await clock.advance(ABCI_LIMITS.stuckMs)
      return Promise.race([dropped, new Promise((resolve) => setImmediate(resolve, undefined))])
    })
    expect((await silent.ask({ echo: { message: 'still here' } })).echo?.message).toBe('still here')
  })

  it('reads nothing more from a peer that does not read, and goes on when it does', async () => {
    const { address, answered } = await startServer()
    const client = await clientOf(address)
    client.socket.pause()
    client.socket.write(MANY_CHUNKS)
    await waitFor('the server to stop answering', () => hasStopped(answered), { everyMs: 200 })
    // What the system's buffers took, and the bound.
    expect(answered() * CHUNK.length).toBeLessThan(32 * 1024 * 1024)
    const other = await clientOf(address)
    expect((await other.ask({ echo: { message: 'not stuck' } })).echo?.message).toBe('not stuck')
    client.socket.resume()
    await waitFor('all answers to be read', () => client.receivedBytes > CHUNKS * CHUNK.length)
    expect(answered()).toBe(CHUNKS)
  })

  it('drops a peer that never reads', async () => {
    const { address, clock, answered } = await startServer()
    const client = await clientOf(address)
    client.socket.pause()
    client.socket.write(MANY_CHUNKS)
    await waitFor('the server to stop answering', () => hasStopped(answered), { everyMs: 200 })
    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(ABCI_LIMITS.stuckMs)
    }
    client.socket.resume()
    await client.closed
    expect(client.receivedBytes).toBeLessThan(32 * 1024 * 1024)
  })

  it('takes no more connections than it has to', async () => {
    const { address } = await startServer()
    const clients = await Promise.all(Array.from({ length: ABCI_LIMITS.connections }, () => clientOf(address)))
    const surplus = await clientOf(address)
    expect(await surplus.closed).toEqual([])
    await clients[0]?.end()
    await waitFor('room for another', async () => {
      const next = await connectAbci(address)
      const answer = await next.ask({ echo: { message: 'in' } }).catch(() => undefined)
      await next.end()
      return answer?.echo?.message === 'in'
    })
  })

  it('survives 10,000 random byte strings, cut off or not', async () => {
    const { address, asked } = await startServer()
    let open = await connectAbci(address)
    for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 64 }), { numRuns: 10_000, seed: 11 })) {
      if (open.socket.destroyed || !open.socket.writable) {
        open = await connectAbci(address)
      }
      open.socket.write(bytes)
      if (asked.length % 7 === 0) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await open.end()
    const client = await clientOf(address)
    expect((await client.ask({ echo: { message: 'alive' } })).echo?.message).toBe('alive')
  })
})

describe('addresses', () => {
  it('are those of CometBFT’s proxy_app', () => {
    expect(parseAddress('tcp://127.0.0.1:26658')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 26_658 })
    expect(parseAddress('tcp://[::1]:0')).toEqual({ kind: 'tcp', host: '::1', port: 0 })
    expect(parseAddress('unix:///run/tailrace/app.sock')).toEqual({ kind: 'unix', path: '/run/tailrace/app.sock' })
    for (const bad of ['127.0.0.1:1', 'tcp://127.0.0.1', 'tcp://h:99999', 'http://h:1', `unix://${'a'.repeat(108)}`]) {
      expect(() => parseAddress(bad)).toThrowError(expect.objectContaining({ code: 'invalid_address' }))
    }
    // What is told of an address is not as long as it likes.
    expect(() => parseAddress('x'.repeat(100_000))).toThrowError(/^x{200} is neither/)
  })

  it('that are taken are refused by name', async () => {
    const { address } = await startServer()
    await expect(startServer(address)).rejects.toMatchObject({ code: 'address_in_use', fields: { address } })
  })

  it('of a dead process are taken over, of a living one never, nor a file', async () => {
    const folder = tempTree({})
    const path = `${folder}/app.sock`
    const living = createServer().listen(path)
    await new Promise((resolve) => living.once('listening', resolve))
    await expect(startServer(`unix://${path}`)).rejects.toMatchObject({ code: 'address_in_use' })
    expect(existsSync(path)).toBe(true)
    await leaveDeadSocket(`${folder}/dead.sock`)
    const { address } = await startServer(`unix://${folder}/dead.sock`)
    expect((await (await clientOf(address)).ask({ echo: { message: 'mine' } })).echo?.message).toBe('mine')
    writeFileSync(`${folder}/file`, 'precious')
    await expect(startServer(`unix://${folder}/file`)).rejects.toMatchObject({ code: 'listen_failed' })
    await new Promise((resolve) => living.close(resolve))
  })
})

/** A socket file that nobody answers on, as a killed process leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { spawnSync } = await import('node:child_process')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  expect(existsSync(path)).toBe(true)
  await new Promise<void>((resolve) => connect(path).once('error', () => resolve()))
}

/** A line between two processes on loopback that the test can cut: nothing comes through, or nobody is there. */
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** `silent`: what is sent disappears, as behind a router that forgot; `refused`: every connection ends at once. */
export type LineState = 'open' | 'silent' | 'refused'

export interface CutLine {
  /** `http://127.0.0.1:port`, in place of the target's. */
  readonly url: string
  set(state: LineState): void
  close(): Promise<void>
}

export interface LineTarget {
  /** `http://127.0.0.1:port`; asked at each connection. */
  url(): string
}

export async function openCutLine(target: LineTarget): Promise<CutLine> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let state: LineState = 'open'

  function forget(pair: readonly [Socket, Socket]): void {
    pairs.delete(pair)
    for (const socket of pair) {
      socket.destroy()
    }
  }

  const server = createServer((inner) => {
    if (state === 'refused') {
      inner.destroy()
      return
    }
    const outer = connect(Number(new URL(target.url()).port), '127.0.0.1')
    const pair = [inner, outer] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [outer, inner] as const]) {
      from.on('data', (bytes) => {
        if (state === 'open') {
          to.write(bytes)
        }
      })
      // A dead line tells neither end that the other has gone.
      from.on('close', () => (state === 'silent' ? undefined : forget(pair)))
      from.on('error', () => undefined)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      state = next
      // What was swallowed leaves a stream in pieces: nobody can go on with it.
      for (const pair of next === 'silent' ? [] : [...pairs]) {
        forget(pair)
      }
    },
    async close() {
      for (const pair of [...pairs]) {
        forget(pair)
      }
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

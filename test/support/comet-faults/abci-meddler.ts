/**
 * Stands between a CometBFT process and its honest application and makes a Byzantine proposer of the two: what the application
 * proposes is spoiled on its way, and the node's own vote on it is turned to yes. All other nodes are as they are shipped, so
 * what refuses the block is the real code. Nothing of the program itself has to know how to lie.
 */
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { Request, Response } from 'cosmjs-types/tendermint/abci/types'
import { equalBytes } from '../../../src/lib/bytes.ts'

/** What becomes of the transactions of a proposal. `height` is that of the block. */
export type Spoil = (txs: readonly Uint8Array[], height: bigint) => readonly Uint8Array[]

export interface Meddler {
  /** `tcp://127.0.0.1:port`, for CometBFT's `--proxy_app`. */
  readonly address: string
  /** Heights of the proposals that were spoiled since the last `spoil`, one entry a proposal. */
  readonly spoiled: readonly bigint[]
  /** From now on; undefined passes everything on as it is. */
  spoil(how: Spoil | undefined): void
  stop(): Promise<void>
}

/** `target`: where the application listens, `unix:///path` or `tcp://host:port`. `proposer`: consensus address of the node. */
export async function startMeddler(target: string, proposer: Uint8Array): Promise<Meddler> {
  let how: Spoil | undefined
  let spoiled: bigint[] = []
  const sockets = new Set<Socket>()

  function accept(comet: Socket): void {
    const app = connect(connectOptions(target))
    /** Of this connection's questions, which are answered in order: the height of the last one. */
    let asked: { readonly height: bigint; readonly isOwn: boolean } = { height: 0n, isOwn: false }
    const questions = createFrames((frame) => {
      const { prepareProposal, processProposal } = Request.decode(frame)
      const question = prepareProposal ?? processProposal
      if (question !== undefined) {
        asked = { height: question.height, isOwn: equalBytes(question.proposerAddress, proposer) }
      }
      app.write(delimited(frame))
    })
    const answers = createFrames((frame) => comet.write(delimited(how === undefined ? frame : meddle(frame, how))))

    function meddle(frame: Uint8Array, spoil: Spoil): Uint8Array {
      const answer = Response.decode(frame)
      if (answer.prepareProposal !== undefined) {
        spoiled.push(asked.height)
        const txs = [...spoil(answer.prepareProposal.txs, asked.height)]
        return Response.encode({ prepareProposal: { txs } }).finish()
      }
      if (answer.processProposal !== undefined && asked.isOwn) {
        return Response.encode({ processProposal: { status: 1 } }).finish()
      }
      return frame
    }

    for (const [socket, other, take] of [[comet, app, questions] as const, [app, comet, answers] as const]) {
      sockets.add(socket)
      socket.on('data', take)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  }

  const server = createServer(accept)
  const port = await listen(server)
  return {
    address: `tcp://127.0.0.1:${port}`,
    get spoiled() {
      return spoiled
    },
    spoil(next) {
      how = next
      spoiled = []
    },
    stop: () => stopServer(server, sockets),
  }
}

function stopServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) {
    socket.destroy()
  }
  return new Promise((resolve) => server.close(() => resolve()))
}

function connectOptions(target: string): { path: string } | { host: string; port: number } {
  if (target.startsWith('unix://')) {
    return { path: target.slice('unix://'.length) }
  }
  const { hostname, port } = new URL(target)
  return { host: hostname, port: Number(port) }
}

/** Calls back with each whole message of the stream, without its length. */
function createFrames(take: (frame: Uint8Array) => void): (chunk: Uint8Array) => void {
  let waiting: Uint8Array = new Uint8Array(0)
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk])
    for (;;) {
      const end = waiting.findIndex((byte) => byte < 0x80)
      if (end < 0) {
        return
      }
      const length = new BinaryReader(waiting).uint32()
      if (waiting.length < end + 1 + length) {
        return
      }
      // A copy: what comes later must not change it.
      take(Uint8Array.from(waiting.subarray(end + 1, end + 1 + length)))
      waiting = waiting.subarray(end + 1 + length)
    }
  }
}

function delimited(frame: Uint8Array): Uint8Array {
  return Buffer.concat([BinaryWriter.create().uint32(frame.length).finish(), frame])
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) {
    throw new Error('the meddler does not listen')
  }
  return address.port
}

/**
 * Runs a program as Electron runs a utility process: with `process.parentPort`. In a worker thread it carries message ports, as the core's
 * does; in a process of its own only messages, which is all that a member of the network gets.
 */
import { EventEmitter } from 'node:events'
import { isMainThread, workerData, parentPort as workerPort } from 'node:worker_threads'
import { FakePortMain } from './fake-port.ts'

const parent = Object.assign(new EventEmitter(), {
  /** @param {unknown} message */
  postMessage: (message) => (isMainThread ? process.send?.(message) : workerPort?.postMessage(message)),
})
Object.defineProperty(process, 'parentPort', { value: parent })

// Messages wait until the program listens, as Electron's do.
/** @type {{ data: unknown, ports: readonly FakePortMain[] }[]} */
const early = []
/** @param {{ data: unknown, ports: readonly FakePortMain[] }} event */
const deliver = (event) => (parent.listenerCount('message') === 0 ? early.push(event) : parent.emit('message', event))
function flush() {
  for (const event of early.splice(0)) parent.emit('message', event)
}
parent.on('newListener', (name) => {
  if (name === 'message') setImmediate(() => flush())
})

let program
if (isMainThread) {
  program = process.argv[2]
  process.argv.splice(1, 1)
  process.on('message', (data) => deliver({ data, ports: [] }))
} else {
  program = workerData.program
  process.argv.splice(1, Number.POSITIVE_INFINITY, program, ...workerData.args)
  workerPort?.on('message', ({ data, ports }) =>
    deliver({
      data,
      ports: ports.map((/** @type {import('node:worker_threads').MessagePort} */ port) => new FakePortMain(port)),
    }),
  )
}
await import(/** @type {string} */ (program))

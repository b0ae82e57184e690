/** Electron's MessagePortMain and MessageChannelMain over Node's ports: the same events with the same shapes. */
import { EventEmitter } from 'node:events'
import type { MessagePort as NodePort } from 'node:worker_threads'
import { MessageChannel as NodeChannel } from 'node:worker_threads'

export class FakePortMain extends EventEmitter {
  readonly inner: NodePort
  #isStarted = false

  constructor(inner: NodePort) {
    super()
    this.inner = inner
    inner.unref()
    inner.on('close', () => this.emit('close'))
    inner.unref()
  }

  start(): void {
    if (!this.#isStarted) {
      this.#isStarted = true
      this.inner.on('message', (data: unknown) => this.emit('message', { data, ports: [] }))
      this.inner.unref()
    }
  }

  postMessage(message: unknown): void {
    this.inner.postMessage(message)
  }

  close(): void {
    this.inner.close()
  }
}

export class FakeChannelMain {
  readonly port1: FakePortMain
  readonly port2: FakePortMain

  constructor() {
    const { port1, port2 } = new NodeChannel()
    this.port1 = new FakePortMain(port1)
    this.port2 = new FakePortMain(port2)
  }
}

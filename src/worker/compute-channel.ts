/** One end of a message channel, whatever carries it. Structural types, so that no runtime's library is needed. */
export interface ComputeChannel {
  send(message: unknown): void
  /** One listener at a time; the returned function removes it. */
  receive(listener: (message: unknown) => void): () => void
}

/** What Worker, MessagePort and DedicatedWorkerGlobalScope have in common in a browser. */
export interface BrowserPort {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  removeEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  /** MessagePort alone: messages wait until it is called. */
  start?(): void
}

/** What Worker, MessagePort and parentPort have in common in node:worker_threads. */
export interface NodePort {
  postMessage(message: unknown): void
  on(type: 'message', listener: (message: unknown) => void): unknown
  off(type: 'message', listener: (message: unknown) => void): unknown
}

export function channelOfBrowserPort(port: BrowserPort): ComputeChannel {
  return {
    send: (message) => port.postMessage(message),
    receive(listener) {
      const onMessage = (event: { readonly data: unknown }): void => listener(event.data)
      port.addEventListener('message', onMessage)
      port.start?.()
      return () => port.removeEventListener('message', onMessage)
    },
  }
}

export function channelOfNodePort(port: NodePort): ComputeChannel {
  return {
    send: (message) => port.postMessage(message),
    receive(listener) {
      port.on('message', listener)
      return () => void port.off('message', listener)
    },
  }
}

/** Node alone. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void }

let channel: MessageChannel | undefined
const waiting: (() => void)[] = []

/** Lets what waits in the event loop go first: messages, so that a cancel is heard. Costs microseconds, unlike a timer. */
export function nextTurn(): Promise<void> {
  if (setImmediate !== undefined) {
    return new Promise((resolve) => setImmediate(resolve))
  }
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => waiting.shift()?.()
  }
  const { port2 } = channel
  return new Promise((resolve) => {
    waiting.push(resolve)
    port2.postMessage(undefined)
  })
}

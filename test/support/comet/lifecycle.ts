/** Killing and starting the processes of a test network by their names. Read next: comet-network.ts. */
import type { CometTestNode } from './test-node.ts'

export interface Lifecycle {
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  start(name: string): Promise<void>
}

export function createLifecycle(nodes: readonly CometTestNode[]): Lifecycle {
  const nodeOf = (name: string): { kind: string; node: CometTestNode } => {
    const [, kind = '', index = ''] = /^(app|comet|node)-([0-9]+)$/.exec(name) ?? []
    const node = nodes[Number(index)]
    if (kind === '' || node === undefined) {
      throw new Error(`there is no ${name}`)
    }
    return { kind, node }
  }
  async function kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { kind, node } = nodeOf(name)
    if (kind === 'comet') {
      await node.comet.kill(signal)
      return
    }
    // CometBFT first, where it is asked to stop: it would report a dead application.
    if (kind === 'node') {
      await Promise.all([node.comet.kill(signal), signal === 'SIGKILL' && node.app.kill(signal)])
    }
    await node.app.kill(signal)
    await node.comet.ended()
  }

  async function start(name: string): Promise<void> {
    const { kind, node } = nodeOf(name)
    if (kind !== 'comet') {
      await node.app.start()
    }
    if (kind !== 'app') {
      await node.comet.start()
    }
  }

  return { kill, start }
}

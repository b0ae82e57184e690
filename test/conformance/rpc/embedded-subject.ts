/** The embedded node as a subject of the suites: a new one for each test. */
import { tempTree } from '../../support/temp-tree.ts'
import { DEVELOPER } from './network-fixture.ts'
import { runNode } from './running-node.ts'
import type { RpcSubject } from './suites/subject.ts'

export const EMBEDDED: RpcSubject = {
  async start() {
    const home = tempTree({})
    const { node, url, webSocketUrl, call } = await runNode({ home })
    return {
      ...{ url, webSocketUrl, call, chainId: 'tailrace-local-1', developer: DEVELOPER },
      async restart(whileAway) {
        await node.stop()
        await whileAway()
        await runNode({ home, rpcPort: Number(new URL(url).port) })
      },
    }
  },
}

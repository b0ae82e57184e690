/** `tailrace network up` and `down`: a small network of validators serves an order, stops, and goes on with its chain. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { NETWORK_UP } from '../../src/cli/processes/network-line.ts'
import { cometStatus } from '../../src/main/cometbft/comet-rpc.ts'
import { BUILT_IN_MODELS } from '../../src/main/models/model-library.ts'
import { placeOrders } from '../support/check/orders.ts'
import { cometIsMissing } from '../support/comet/comet-network.ts'
import { runTailrace } from '../support/comet/tailrace.ts'
import { membersOf } from '../support/failures/processes.ts'
import { titleOrReason } from '../support/reporter.ts'

const missing = cometIsMissing()
if (missing !== undefined) {
  process.stderr.write(`skipped, the test of \`network up\`: ${missing}\n`)
}

test.skipIf(missing !== undefined)(
  titleOrReason('up, an order, down, and up again on the same chain', missing),
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'tailrace-up-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    onTestFinished(async () => {
      await runTailrace('network', 'down', '--home', home)
    })
    const numbers = ['--validators', '1', '--hosts', '1']
    const up = async (): Promise<ReturnType<typeof NETWORK_UP.parse>> => {
      const end = await runTailrace('network', 'up', '--home', home, ...numbers, '--detach', '--json')
      expect([end.code, end.said]).toEqual([0, expect.any(String)])
      return NETWORK_UP.parse(JSON.parse(end.out))
    }
    const first = await up()
    const second = await runTailrace('network', 'up', '--home', home, ...numbers)
    expect([second.code, second.said]).toEqual([1, expect.stringContaining('already runs')])
    const [served] = await placeOrders(
      {
        baseUrl: first.openai,
        apiKey: first.apiKey,
        model: BUILT_IN_MODELS[0] ?? '',
        most: 1_000,
        isEnough: (orders) => orders.length > 0,
        say: () => undefined,
      },
      AbortSignal.timeout(300_000),
    )
    expect(served?.outputTokens).toBeGreaterThan(0)
    const { height } = await cometStatus(first.rpc[0] ?? '')
    expect((await runTailrace('network', 'down', '--home', home)).code).toBe(0)
    expect(membersOf(home)).toEqual([])

    const other = await runTailrace('network', 'up', '--home', home, '--validators', '2')
    expect([other.code, other.said]).toEqual([1, expect.stringContaining('has 1 validators')])
    const again = await up()
    expect(again).toMatchObject({ chainId: first.chainId, rpc: first.rpc, openai: first.openai, apiKey: first.apiKey })
    expect((await cometStatus(again.rpc[0] ?? '')).height).toBeGreaterThan(height)
    const down = await runTailrace('network', 'down', '--home', home, '--json')
    expect(JSON.parse(down.out)).toMatchObject({ event: 'down', was: 'running' })
    expect((await runTailrace('network', 'down', '--home', home, '--json')).out).toContain('"was":"stopped"')
  },
)

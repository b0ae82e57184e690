import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliWorld } from '../../../test/support/cli/cli-world.ts'
import { createCliWorld } from '../../../test/support/cli/cli-world.ts'
import { sampleService, sampleWork } from '../../../test/support/cli/sample-work.ts'
import { emptyEarnings } from '../../../test/support/screen/sample-earnings.ts'
import { SAMPLE_NOW_MS } from '../../../test/support/screen/sample-snapshot.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { EarningEpoch } from '../../ipc/wires/earnings-wire.ts'
import { earnedSince } from './earned.ts'

let world: CliWorld

beforeEach(async () => {
  world = await createCliWorld()
})

afterEach(() => world.stop())

function epochOf(epoch: number, endedAtMs: number, amount: string): EarningEpoch {
  return {
    epoch,
    startedAtMs: endedAtMs - 40_000,
    endedAtMs,
    isClosed: true,
    device: { address: 'tail1device', name: '=HYPERLINK("x")' },
    weightPpm: 250_000,
    lines: [
      { kind: 'hold', reason: 'emission_share', amount, entries: 1 },
      { kind: 'credit', reason: 'hold_released', amount: '7', entries: 1 },
    ],
  }
}

describe('status', () => {
  test('tells state, earnings, the next race and each trouble with what to do', async () => {
    const now = world.clock.nowMs()
    const epochs = [epochOf(3, now, '12345678'), epochOf(2, now - 3 * 86_400_000, '1')]
    world.backend.earningsPage = { ...emptyEarnings(), epochs }
    world.backend.set({
      joined: true,
      phase: 'racing',
      troubles: [{ code: 'no_peers', level: 'error', sinceMs: SAMPLE_NOW_MS, fields: {} }],
    })
    const { out, code } = await world.run('status')
    expect(code).toBe(0)
    expect(out).toContain('State      racing')
    expect(out).toContain('12.345678 TAIL')
    expect(out).toContain('in about 14 s')
    expect(out).toContain('✗ No other host is connected. Check that a firewall')
  })

  test('as JSON: one document with stable names', async () => {
    const { out } = await world.run('status', '--json')
    const status = JSON.parse(out)
    expect(Object.keys(status).sort()).toEqual(
      [
        'address',
        'attemptsPerSecond',
        'backend',
        'chain',
        'earnings',
        'finishing',
        'idleReason',
        'joined',
        'nextRaceSeconds',
        'peers',
        'reputationPpm',
        'state',
        'troubles',
        'version',
        'weightPpm',
      ].sort(),
    )
    expect(status).toMatchObject({ state: 'idle', joined: false, nextRaceSeconds: 14 })
  })

  test('stands without the earnings where the chain does not answer', async () => {
    world.backend.nextError = new Error('no chain')
    expect((await world.run('status')).out).toContain('Today      not known')
  })

  test('--watch shows it again at each change, until Ctrl-C', async () => {
    const lines: string[] = []
    world.onOut = (line) => lines.push(line)
    const watching = world.run('status', '--watch', '--json')
    await waitFor('the first', () => lines.length === 1)
    world.backend.set({ peers: 9 })
    await waitFor('the second', () => lines.length === 2)
    world.interrupt()
    expect((await watching).code).toBe(0)
    expect(lines.map((line) => JSON.parse(line).peers)).toEqual([2, 9])
  })

  test('earned since a time counts what is on hold of epochs that ended since', () => {
    const page = { ...emptyEarnings(), epochs: [epochOf(2, 2_000, '10'), epochOf(1, 1_000, '5')] }
    expect([earnedSince(page, 0), earnedSince(page, 1_500), earnedSince(page, 3_000)]).toEqual([15n, 10n, 0n])
  })
})

describe('join', () => {
  test('waits until this host has joined and says each step', async () => {
    const joining = world.run('join')
    await waitFor('the command', () => world.backend.commands.includes('join'))
    world.backend.set({ phase: 'checking_device' })
    await waitFor('a screen', () => world.backend.listeners > 0)
    world.backend.set({ phase: 'waiting_for_race', joined: true })
    const { code, out, said } = await joining
    expect([code, out]).toEqual([0, 'Joined: joined, waiting for the next race.'])
    expect(said).toContain('… joined, waiting for the next race')
  })

  test('a device that computes nothing right ends the wait with what was said of it', async () => {
    const joining = world.run('join', '--json')
    await waitFor('the command', () => world.backend.commands.includes('join'))
    world.backend.set({
      notices: [{ sequence: 5, atMs: SAMPLE_NOW_MS, level: 'error', code: 'no_conformant_backend', fields: {} }],
    })
    const { code, said } = await joining
    expect(code).toBe(1)
    expect(JSON.parse(said.split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'join_failed', fields: { notice: 'no_conformant_backend' } },
    })
  })

  test('Ctrl-C ends the wait, not the joining', async () => {
    const joining = world.run('join')
    await waitFor('the command', () => world.backend.commands.includes('join'))
    world.interrupt()
    const { code, said } = await joining
    expect([code, said]).toEqual([1, expect.stringContaining('What was begun goes on')])
    expect(world.backend.commands).not.toContain('leave')
  })
})

describe('leave and finish', () => {
  beforeEach(() => {
    world.backend.set({ joined: true, phase: 'settled', work: sampleWork() })
  })

  test('say what they forfeit and do nothing without a yes', async () => {
    world.answers.push('n')
    const { code, said } = await world.run('leave')
    expect(said).toContain('forfeits up to 1.500000 TAIL of receipts that are not batched and 0.250000 TAIL')
    expect([code, world.backend.commands]).toEqual([1, []])
  })

  test('where nobody can be asked, --yes is needed', async () => {
    const { code, said } = await world.run('finish')
    expect([code, world.backend.commands]).toEqual([2, []])
    expect(said).toContain('--yes')
  })

  test('wait until the host is out', async () => {
    const leaving = world.run('leave', '--yes', '--json')
    await waitFor('the command', () => world.backend.commands.includes('leave'))
    world.backend.set({ joined: false, phase: 'idle' })
    const { code, out } = await leaving
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { outcome: 'accepted', forfeits: { unbatched: '1500000', openBatches: '250000' } },
    ])
  })
})

describe('earnings', () => {
  test('as CSV every line with its reason; a name that begins like a formula is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tailrace-csv-'))
    world.backend.earningsPage = { ...emptyEarnings(), epochs: [epochOf(3, 1_700_000_000_000, '12')] }
    const file = join(folder, 'earnings.csv')
    expect((await world.run('earnings', '--csv', file)).code).toBe(0)
    expect(readFileSync(file, 'utf8').split('\r\n')).toEqual([
      'epoch,started,ended,state,device,device_name,weight_ppm,kind,reason,amount_utail,entries',
      `3,2023-11-14T22:12:40.000Z,2023-11-14T22:13:20.000Z,closed,tail1device,"'=HYPERLINK(""x"")",250000,hold,emission_share,12,1`,
      `3,2023-11-14T22:12:40.000Z,2023-11-14T22:13:20.000Z,closed,tail1device,"'=HYPERLINK(""x"")",250000,credit,hold_released,7,1`,
      '',
    ])
    rmSync(folder, { recursive: true })
  })
})

describe('network', () => {
  test('hosts by weight, the epoch clock and what models cost', async () => {
    world.backend.set({ work: { ...sampleWork(), services: [sampleService()] } })
    const { out } = await world.run('network')
    expect(out).toContain('Next race  in 14 blocks, about 14 s')
    expect(out).toContain('1000.000000 TAIL for a million output tokens')
    expect(out).toMatch(/companion-1 +50\.00 % +16\.67 % +212 +verified/)
  })

  test('a name from the network cannot move the cursor', async () => {
    const [host] = world.backend.snapshot().hosts
    world.backend.set({ hosts: host === undefined ? [] : [{ ...host, moniker: 'a\u001b[2Jb\nc' }] })
    expect((await world.run('network', 'hosts')).out).toContain('a�[2Jb�c')
  })
})

import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { idleSnapshot, SAMPLE_NOW_MS } from '../../../test/support/screen/sample-snapshot.ts'
import { FINDING_CODES } from '../../ipc/finding-codes.ts'
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { findingSchema } from '../../ipc/wires/machine-wire.ts'
import { checked } from './check.ts'
import { checkClock } from './clock-check.ts'
import type { DoctorOptions } from './doctor.ts'
import { examineMachine } from './doctor.ts'
import { checkFolder, checkKeyFiles, checkLock, checkSettings } from './folder-checks.ts'
import { checkBrowser, checkNode, checkPorts } from './machine-checks.ts'
import { checkModels } from './model-checks.ts'
import { checkRunning } from './running-checks.ts'

const MODELS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'models')
const { signal } = new AbortController()
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-doctor-'))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

function brief({ code, verdict, fields }: Finding): string {
  return `${code} ${verdict} ${fields.reason ?? ''}`.trim()
}

describe('this computer', () => {
  test('a sound folder and the built-in model have no problem', async () => {
    const options: DoctorOptions = {
      home,
      settingsFile: join(home, 'settings.json'),
      screenPort: 0,
      builtInModels: MODELS,
      models: ['whale-0.9m'],
      env: {},
      platform: 'linux',
      shell: 'service',
    }
    const findings = await examineMachine(options, false, signal)
    for (const finding of findings) {
      findingSchema.parse(finding)
      expect(FINDING_CODES).toContain(finding.code)
    }
    expect(findings.filter(({ verdict }) => verdict === 'problem')).toEqual([])
    expect(findings.map(brief)).toContain('model_files ok ok')
  })

  test('Node is new enough from the version with SQLite on', () => {
    const verdicts = ['20.20.0', '22.12.9', '22.13.0', '24.1.0'].map((version) => checkNode(version).verdict)
    expect(verdicts).toEqual(['problem', 'problem', 'ok', 'ok'])
  })

  test('a browser is found on PATH; one named wrongly is none', () => {
    const program = join(home, 'chromium')
    writeFileSync(program, '')
    chmodSync(program, 0o755)
    expect(checkBrowser({ PATH: `/nowhere:${home}` }, 'linux').fields.path).toBe(program)
    expect(brief(checkBrowser({ PATH: '/nowhere' }, 'linux'))).toBe('browser warning absent')
    expect(brief(checkBrowser({ PATH: home, TAILRACE_BROWSER: '/nowhere' }, 'linux'))).toBe(
      'browser problem named_wrong',
    )
  })

  test('a port that another program has is named', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const finding = await checkPorts(home, port)
    expect([finding.verdict, finding.fields.ports]).toEqual(['warning', String(port)])
    server.close()
    expect((await checkPorts(home, 0)).verdict).toBe('ok')
  })

  test('a changed byte of a model, a missing file and a damaged chunk are found', async () => {
    const models = join(home, 'models')
    const cache = join(home, 'cache')
    cpSync(join(MODELS, 'whale-0.9m'), join(models, 'whale-0.9m'), { recursive: true })
    mkdirSync(join(cache, 'ab'), { recursive: true })
    writeFileSync(join(cache, 'ab', 'ab'.repeat(32)), 'not what the name says')
    writeFileSync(join(models, 'whale-0.9m', 'config.json'), '{}')
    const damaged = await checkModels(models, ['whale-0.9m'], cache, signal)
    expect(damaged.map(({ verdict, fields }) => [verdict, fields.reason])).toEqual([
      ['problem', 'damaged'],
      ['problem', 'damaged'],
    ])
    rmSync(join(models, 'whale-0.9m', 'config.json'))
    const [absent] = await checkModels(models, ['whale-0.9m'], join(home, 'none'), signal)
    expect([absent?.fields.file, absent?.fields.reason]).toEqual(['config.json', 'absent'])
    const [unknown] = await checkModels(models, ['other'], join(home, 'none'), signal)
    expect([unknown?.verdict, unknown?.fields.file]).toEqual(['problem', 'manifest.json'])
  })
})

describe('the folder', () => {
  test('absent, a file in its place, open to others', () => {
    expect(checkFolder(join(home, 'new', 'deeper')).map(brief)).toEqual(['data_folder ok absent'])
    writeFileSync(join(home, 'file'), '')
    expect(checkFolder(join(home, 'file')).map(brief)).toEqual(['data_folder problem not_a_folder'])
    chmodSync(home, 0o755)
    expect(checkFolder(home).map(brief)).toEqual(['data_folder ok ok', 'data_private warning'])
    chmodSync(home, 0o700)
    expect(checkFolder(home).map(brief)).toEqual(['data_folder ok ok', 'data_private ok'])
  })

  test('a lock is free, held, or left by a dead process', () => {
    expect(brief(checkLock(home))).toBe('folder_lock ok free')
    writeFileSync(join(home, 'lock'), String(process.ppid))
    expect(brief(checkLock(home))).toBe('folder_lock ok held')
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(join(home, 'lock'), String(dead))
    expect(brief(checkLock(home))).toBe('folder_lock warning stale')
  })

  test('keys: none yet, sound, damaged, readable by others', () => {
    expect(checkKeyFiles(home).map(brief)).toEqual(['key_files ok absent'])
    const app = join(home, 'app')
    mkdirSync(app)
    writeFileSync(join(app, 'keys.json'), '{"version":1}', { mode: 0o600 })
    writeFileSync(join(app, 'memory.json'), 'not looked at', { mode: 0o644 })
    expect(checkKeyFiles(home).map(brief)).toEqual(['key_files ok ok'])
    writeFileSync(join(app, 'wallet.json'), '{"vers', { mode: 0o600 })
    expect(checkKeyFiles(home).map(brief)).toEqual(['key_files problem damaged'])
    chmodSync(join(app, 'wallet.json'), 0o644)
    expect(checkKeyFiles(home).map(brief)).toEqual(['key_files problem open_to_others'])
  })

  test('settings: the file and the variables, each by its name', () => {
    const file = join(home, 'settings.json')
    expect(brief(checkSettings(file, {}))).toBe('settings ok absent')
    expect(checkSettings(file, { TAILRACE_DUTY: '2000' }).fields.variable).toBe('TAILRACE_DUTY')
    writeFileSync(file, '{"version":1,"logLevel":"loud"}')
    const finding = checkSettings(file, {})
    expect([brief(finding), finding.fields.field]).toEqual(['settings problem settings_damaged', 'logLevel'])
  })

  test('a check that fails itself is skipped, with why', async () => {
    const [finding] = await checked('disk_space', () => {
      throw Object.assign(new Error('no such call'), { code: 'ENOSYS' })
    })
    expect(finding).toEqual({ code: 'disk_space', verdict: 'skipped', fields: { reason: 'ENOSYS' } })
  })
})

describe('the clock', () => {
  async function against(blockTimeMs: number, offsetMs: number, isHalted = false): Promise<Finding> {
    const server = createServer((_request, response) => {
      const sync = { latest_block_time: new Date(SAMPLE_NOW_MS - offsetMs).toISOString(), catching_up: false }
      response.end(JSON.stringify({ result: { sync_info: sync } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const rpcUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      return await checkClock({ rpcUrl, blockTimeMs, isHalted }, () => SAMPLE_NOW_MS, signal)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  test('an hour ahead or behind is a problem, the age of a block is none', async () => {
    expect((await against(1_000, 3_600_000)).verdict).toBe('problem')
    const behind = await against(1_000, -3_600_000)
    expect([behind.verdict, behind.fields.seconds]).toEqual(['problem', -3_600])
    expect((await against(5_000, 9_000)).verdict).toBe('ok')
    expect((await against(1_000, 12_000)).verdict).toBe('warning')
    expect((await against(1_000, 3_600_000, true)).verdict).toBe('skipped')
  })
})

describe('a running application', () => {
  const standing: NonNullable<ScreenSnapshot['standing']> = {
    active: true,
    shape: 'dev',
    moniker: 'this computer',
    registeredHeight: 40,
    weight: '100',
    weightPpm: 330_000,
    reputationPpm: 100_000,
    held: '0',
    bond: '0',
    credited: '0',
    faults: 0,
    lastFaultCode: '',
    lastFaultTx: '',
    lastFaultHeight: 0,
    raceEpoch: 2,
    finds: 30,
    findsVerified: 30,
    raceVerdict: 'verified',
  }
  const gpu: NonNullable<ScreenSnapshot['device']>['backends'][number] = {
    kind: 'webgpu',
    adapter: 'A GPU',
    isSoftware: false,
    conformant: true,
    conformanceDigest: '00'.repeat(32),
    attemptsPerSecond: 9_000,
  }
  const well: ScreenSnapshot = {
    ...idleSnapshot(),
    joined: true,
    phase: 'settled',
    standing,
    device: { backends: [gpu] },
    backend: { kind: 'webgpu', reason: 'webgpu' },
    lease: { state: 'held', clientId: '00'.repeat(16), sinceMs: 1 },
  }

  function bad(change: Partial<ScreenSnapshot>): string[] {
    return checkRunning({ ...well, ...change })
      .filter(({ verdict }) => verdict === 'warning' || verdict === 'problem')
      .map(brief)
  }

  test('where all is well, nothing stands in the way', () => {
    expect(bad({})).toEqual([])
    for (const finding of checkRunning(well)) {
      findingSchema.parse(finding)
      expect(FINDING_CODES).toContain(finding.code)
    }
  })

  test.each<[string, Partial<ScreenSnapshot>, string[]]>([
    ['not joined', { joined: false, phase: 'idle' }, ['joined warning']],
    ['no peers', { peers: 0 }, ['peers problem']],
    ['no page', { lease: { state: 'free' } }, ['page_open warning']],
    ['chain gone', { chain: { ...well.chain, connection: 'disconnected' } }, ['chain_reachable problem disconnected']],
    ['no block for long', { nowMs: SAMPLE_NOW_MS + 60_000 }, ['chain_moving problem']],
    [
      'no weight',
      { standing: { ...standing, weightPpm: 0, raceVerdict: 'too_few_finds' } },
      ['weight warning too_few_finds'],
    ],
    [
      'convicted',
      { standing: { ...standing, faults: 1, weightPpm: 0, raceVerdict: 'convicted' } },
      ['weight warning convicted', 'faults problem'],
    ],
    ['not active', { standing: { ...standing, active: false } }, ['registered problem']],
    ['wrong answers', { device: { backends: [{ ...gpu, conformant: false }] } }, ['device_exact problem']],
    ['software adapter', { device: { backends: [{ ...gpu, isSoftware: true }] } }, ['device_fast warning webgpu']],
    ['wallet locked', { wallet: { ...well.wallet, state: 'locked' } }, ['wallet_open warning']],
    ['words not written down', { wallet: { ...well.wallet, isStarter: false } }, ['wallet_backup warning']],
    [
      'device key over',
      { wallet: { ...well.wallet, device: { ...well.wallet.device, expiryHeight: 10 } } },
      ['device_key problem'],
    ],
    [
      'a trouble',
      { troubles: [{ code: 'disk_low', level: 'warning', sinceMs: 1, fields: { freeBytes: 5, folder: '/' } }] },
      ['trouble warning'],
    ],
    [
      'gateway down',
      { gateway: { state: 'down', baseUrl: '', apiKey: '', model: '', escrow: null, orders: [] } },
      ['gateway warning'],
    ],
  ])('%s', (_what, change, expected) => {
    expect(bad(change)).toEqual(expected)
  })
})

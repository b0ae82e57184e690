import axe from 'axe-core'
import { afterEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { sampleReadings } from '../../../../test/support/screen/sample-readings.ts'
import { DEVICE_SCENES } from '../../../../test/support/screen/scenes/scenes-device.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { Finding, MachineReadings } from '../../../ipc/wires/machine-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { App } from '../app/app.tsx'

let mounted: MountedScreen | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
})

interface MachineHost {
  readings: MachineReadings
  findings: Finding[]
  recheck: () => Promise<{ outcome: 'accepted' | 'already' }>
}

function mountDevice(name: string, change: Partial<MachineHost> = {}, more: Partial<ScreenSnapshot> = {}): MachineHost {
  const scene = DEVICE_SCENES.find((candidate) => candidate.name.includes(name))
  if (scene === undefined) {
    throw new Error(`no scene ${name}`)
  }
  const host: MachineHost = {
    readings: sampleReadings(),
    findings: [],
    recheck: async () => ({ outcome: 'accepted' }),
    ...change,
  }
  mounted = mountScreen({ ...scene.snapshot, ...more }, <App />)
  mounted.host.client = {
    machine: {
      readings: (async () => host.readings) as never,
      doctor: (async () => ({ findings: host.findings })) as never,
      recheck: (() => host.recheck()) as never,
    },
  }
  mounted.open('device')
  return host
}

describe('the device', () => {
  it('shows each backend with its proof, and what is used for what', async () => {
    mountDevice('70-device')
    await expect.element(page.getByTestId('backend-webgpu')).toMatchTextContent(/races.*exact.*48\.2 k/)
    await expect
      .element(page.getByTestId('backend-cpu'))
      .toMatchTextContent(/Digest of the known answers 5f5f5f5f5f5f5f5f…/)
    await expect.element(page.getByText('The GPU computes every test attempt exactly.')).toBeVisible()
    await expect.element(page.getByText('lovelace', { exact: true })).toBeVisible()
    await page.getByText('5 WebGPU features').click()
    await expect.element(page.getByText('shader-f16')).toBeVisible()
  })

  it('says why a backend is not used', async () => {
    mountDevice('inexact')
    await expect
      .element(page.getByTestId('backend-webgpu'))
      .toMatchTextContent(/not exact.*First difference: dev known answer 3: stage layer2\.feed-hidden, byte 40/)
    await expect
      .element(
        page.getByText(/differ from the network’s in at least one bit, first in the stage “layer2\.feed-hidden”/),
      )
      .toBeVisible()
    await expect.element(page.getByText(/expect a small share/)).toBeVisible()
  })
})

describe('the readings', () => {
  it('are those of the system, hottest card first', async () => {
    mountDevice('70-device')
    await expect.element(page.getByText('12.0 GiB of 32.0 GiB')).toBeVisible()
    await expect.element(page.getByTestId('temperatures')).toMatchTextContent(/^GPU62 °CCPU package54 °C$/)
    await expect
      .element(page.getByTestId('graphics-card'))
      .toMatchTextContent(/RTX 4070.*560\.35.*1\.5 GiB of 12\.0 GiB.*64.%.*92 W/)
  })

  it('invent nothing where the system is silent', async () => {
    const silent: MachineReadings = { ...sampleReadings(), disk: null, temperatures: [], graphics: [] }
    mountDevice('70-device', { readings: silent })
    await expect.element(page.getByText('This system tells no temperatures.')).toBeVisible()
    await expect.element(page.getByText('This system tells of no graphics card.')).toBeVisible()
    await expect.element(page.getByText('this system does not tell')).toBeVisible()
  })
})

describe('a check', () => {
  it('is made when asked for, and says that it was', async () => {
    const checked = Promise.withResolvers<{ outcome: 'accepted' | 'already' }>()
    mountDevice('unchecked', { recheck: () => checked.promise })
    await page.getByTestId('recheck').click()
    await expect.element(page.getByTestId('recheck')).toHaveTextContent('Checking …')
    await expect.element(page.getByTestId('recheck')).toBeDisabled()
    checked.resolve({ outcome: 'accepted' })
    await expect.element(page.getByTestId('recheck-word')).toHaveTextContent('Checked just now.')
    await expect.element(page.getByTestId('recheck')).toBeEnabled()
  })

  it('waits for the end of a race', async () => {
    mountDevice('70-device', {}, { phase: 'racing' })
    await expect.element(page.getByTestId('recheck')).toBeDisabled()
    await expect.element(page.getByTestId('recheck-word')).toMatchTextContent(/A race is on/)
  })

  it('that fails says what to do', async () => {
    const host = mountDevice('70-device', {
      recheck: () => Promise.reject(new CodedError('no_conformant_backend', 'none')),
    })
    await page.getByTestId('recheck').click()
    await expect.element(page.getByTestId('recheck-word')).toMatchTextContent(/Update the graphics driver/)
    host.recheck = () => Promise.reject(new CodedError('busy', 'racing'))
    await page.getByTestId('recheck').click()
    await expect.element(page.getByTestId('recheck-word')).toMatchTextContent(/The device is busy/)
  })
})

describe('the doctor', () => {
  it('puts what is wrong first, and the rest away', async () => {
    mountDevice('70-device', {
      findings: [
        { code: 'chain_reachable', verdict: 'ok', fields: {} },
        { code: 'disk_space', verdict: 'warning', fields: { folder: '/data', freeBytes: 900_000_000 } },
        { code: 'node_version', verdict: 'problem', fields: { version: '20.1.0', least: '22.0.0' } },
      ],
    })
    await page.getByTestId('doctor').click()
    await expect.element(page.getByTestId('doctor-verdict')).toHaveTextContent('2 things to look at.')
    const titles = () =>
      [...(mounted?.element.querySelectorAll('.finding-title') ?? [])].map((title) => title.textContent)
    expect(titles().slice(0, 2)).toEqual(['Program', 'Disk'])
    await expect.element(page.getByText(/Install Node 22\.0\.0 or newer/)).toBeVisible()
    await expect.element(page.getByText('1 that are fine or could not be checked')).toBeVisible()
  })
})

describe('for everybody', () => {
  it.each(DEVICE_SCENES)('$name is clean', async ({ snapshot }) => {
    mountDevice('70-device', {}, snapshot)
    await expect.element(page.getByText('12.0 GiB of 32.0 GiB')).toBeVisible()
    const { violations } = await axe.run(mounted?.element ?? document)
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })
})

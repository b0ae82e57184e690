import { afterEach, describe, expect, it, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { COMPANION_ONE, idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { GATEWAY, VERIFIED } from '../../../../test/support/screen/scenes/build-scenes.ts'
import { orderHash } from '../../../../test/support/screen/scenes/work-scenes.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { App } from '../app/app.tsx'
import { curlSnippet } from './snippets.ts'

const scene = (name: string): ScreenSnapshot =>
  SCENES.find((candidate) => candidate.name.includes(name))?.snapshot ?? idleSnapshot()

let mounted: MountedScreen | undefined
afterEach(() => {
  vi.restoreAllMocks()
  mounted?.unmount()
  mounted = undefined
  localStorage.clear()
})

function mountBuild(name: string): MountedScreen {
  mounted = mountScreen(scene(name), <App />)
  mounted.open('build')
  return mounted
}

describe('the endpoint', () => {
  it('gives lines to copy for a shell, Node and Python', async () => {
    mountBuild('build-ready')
    const code = page.getByTestId('code')
    await expect.element(code).toBeVisible()
    expect(code.element().textContent).toBe(curlSnippet(GATEWAY))
    page.getByRole('radio', { name: 'curl' }).element().focus()
    await userEvent.keyboard('{ArrowRight}')
    await expect.element(code).toMatchTextContent(/import OpenAI from 'openai'/)
    await userEvent.keyboard('{ArrowRight}')
    await expect.element(code).toMatchTextContent(/from openai import OpenAI/)
  })

  it('copies the line as it stands', async () => {
    mountBuild('build-ready')
    const written: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text))
    await page.getByRole('button', { name: 'Copy the curl line' }).click()
    expect(written).toEqual([curlSnippet(GATEWAY)])
    await expect.element(page.getByRole('button', { name: 'Copy the curl line' })).toMatchTextContent(/^Copied/)
  })

  it('says so where there is no gateway, where it is down and where nothing is left', async () => {
    const { show } = mountBuild('build-none')
    await expect.element(page.getByTestId('no-gateway')).toMatchTextContent(/tailrace gateway --home/)
    show(scene('build-down'))
    await expect.element(page.getByTestId('gateway-state')).toMatchTextContent(/^The gateway does not answer\./)
    await page.getByLabelText('Your prompt').fill('hello')
    await expect.element(page.getByTestId('send')).toBeDisabled()
    show(scene('build-starting'))
    await expect.element(page.getByTestId('gateway-state')).toMatchTextContent(/^The gateway is starting\./)
    show(scene('build-empty'))
    await expect.element(page.getByTestId('escrow-empty')).toMatchTextContent(/insufficient_quota/)
    await expect.element(page.getByTestId('gateway-state')).not.toBeInTheDocument()
  })
})

describe('an order', () => {
  it('names who drew it, and who was passed over for what', async () => {
    mountBuild('build-ready')
    const order = page.getByTestId('order').nth(2)
    await order.click()
    await expect.element(order).toMatchTextContent(/DrawnCompanion|Drawncompanion-2/i)
    await expect.element(order).toMatchTextContent(/Passed overYou: it was busy/)
    await expect.element(order).toMatchTextContent(/Passed overcompanion-1: it did not answer in time/)
    await expect.element(order).toMatchTextContent(/On chain in batch 11/)
  })

  it('has a receipt to verify, to take along, and to verify elsewhere', async () => {
    const { host, calls } = mountBuild('build-ready')
    host.verdict = { ...VERIFIED, state: 'failed', checks: [{ name: 'leaf_under_root', result: 'failed' }] }
    const order = page.getByTestId('order').first()
    await order.click()
    await order.getByTestId('verify').click()
    await expect.element(order.getByTestId('verdict')).toMatchTextContent(/^This receipt does not hold\./)
    await expect.element(order).toMatchTextContent(/The leaf is not in the batch/)
    const name = `tailrace-receipt-${orderHash(12).slice(0, 16)}.json`
    await expect
      .element(order)
      .toMatchTextContent(new RegExp(`tailrace receipt verify ${name} --rpc http://127.0.0.1:26657`))

    await order.getByTestId('download').click()
    await expect.element(order).toMatchTextContent(/The receipt is not on chain yet\./)
    host.receipt = '{"format":"tailrace-receipt/1"}'
    const saved: (readonly [string, string])[] = []
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      saved.push([this.download, this.href.slice(0, 5)])
    })
    await order.getByTestId('download').click()
    await expect.element(order).toMatchTextContent(new RegExp(`Saved as ${name}`))
    expect(saved).toEqual([[name, 'blob:']])
    expect(calls).toHaveLength(3)
  })

  it('has no receipt while it is not done, and no file before it is on chain', async () => {
    mountBuild('build-ready')
    const failed = page.getByTestId('order').nth(3)
    await failed.click()
    await expect.element(failed).toMatchTextContent(/The executor went away before the end\./)
    await expect.element(failed.getByTestId('verify')).not.toBeInTheDocument()
    const waiting = page.getByTestId('order').nth(1)
    await waiting.click()
    await expect.element(waiting.getByTestId('download')).toBeDisabled()
  })
})

describe('the playground', () => {
  const turn = () => page.getByTestId('turn').first()

  it('streams an answer and says who gave it and what it cost', async () => {
    const { answer, calls } = mountBuild('build-ready')
    await page.getByLabelText('Your prompt').fill('Call me')
    await page.getByRole('spinbutton', { name: 'Max tokens' }).fill('48')
    page.getByLabelText('Your prompt').element().focus()
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByTestId('chat-status')).toHaveTextContent('A host is being drawn.')
    expect(JSON.parse(calls[0]?.slice('chat '.length) ?? '{}')).toEqual({
      model: 'whale-0.9m',
      messages: [{ role: 'user', content: 'Call me' }],
      temperature: 0.8,
      maxTokens: 48,
    })
    answer({ type: 'text', text: 'a ' })
    answer({ type: 'text', text: 'whale' })
    await expect.element(turn()).toMatchTextContent(/a whale/)
    await expect.element(turn()).toHaveAttribute('aria-busy', 'true')
    const end = { orderHash: orderHash(1), executor: COMPANION_ONE, promptTokens: 3, outputTokens: 48, price: '20300' }
    answer({ type: 'done', finish: 'length', ...end })
    await expect
      .element(page.getByTestId('chat-status'))
      .toHaveTextContent('Answered by companion-1 · 3 + 48 tokens · 0.020300 TAIL · cut at max tokens')
    await expect.element(turn()).toHaveAttribute('aria-busy', 'false')
  })

  it('stops when told, and keeps the conversation over a change of the page', async () => {
    const { answer, open } = mountBuild('build-ready')
    await page.getByLabelText('Your prompt').fill('Go on')
    await page.getByTestId('send').click()
    answer({ type: 'text', text: 'and on and ' })
    await expect.element(turn()).toMatchTextContent(/and on and/)
    open('work')
    await expect.element(page.getByTestId('work-title')).toBeVisible()
    answer({ type: 'text', text: 'on' })
    open('build')
    await expect.element(turn()).toMatchTextContent(/and on and on/)
    await page.getByTestId('stop').click()
    await expect.element(page.getByTestId('chat-status')).toMatchTextContent(/^Stopped\./)
    await page.getByRole('button', { name: 'Begin anew' }).click()
    await expect.element(turn()).not.toBeInTheDocument()
  })

  it('says in words why there is no answer', async () => {
    const { answer } = mountBuild('build-ready')
    await page.getByLabelText('Your prompt').fill('Again')
    await page.getByTestId('send').click()
    answer({ type: 'failed', code: 'insufficient_quota', message: 'raw', fields: {} })
    await expect.element(page.getByTestId('chat-status')).toMatchTextContent(/^The escrow cannot pay for this\./)
    await expect.element(page.getByTestId('send')).toBeDisabled()
  })

  it('draws text of a model as text', async () => {
    const { answer, element } = mountBuild('build-ready')
    await page.getByLabelText('Your prompt').fill('<b>x</b>')
    await page.getByTestId('send').click()
    answer({ type: 'text', text: '<img src=x onerror=alert(1)>\n&lt;' })
    await expect.element(turn()).toMatchTextContent(/<img src=x onerror=alert\(1\)>/)
    expect(element.querySelector('.turns img, .turns b')).toBeNull()
  })
})

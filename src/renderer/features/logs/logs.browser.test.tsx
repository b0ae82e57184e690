import { afterEach, describe, expect, it, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import type { MountedScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { mountScreen } from '../../../../test/support/screen/mount-screen.tsx'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { SAMPLE_LOGS, SAMPLE_REPORT, sampleLogLines } from '../../../../test/support/screen/scenes/scenes-logs.ts'
import type { LogTailInput } from '../../../ipc/wires/machine-wire.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { lineText } from './log-words.ts'
import { LogsPage } from './logs-page.tsx'

let mounted: MountedScreen | undefined
afterEach(() => {
  vi.restoreAllMocks()
  mounted?.unmount()
  mounted = undefined
})

interface Mounted extends MountedScreen {
  readonly asked: LogTailInput[]
  fail(error: CodedError | undefined): void
  grow(count: number): void
}

function mountLogs(): Mounted {
  const snapshot = idleSnapshot()
  const screen = mountScreen(snapshot, <LogsPage snapshot={snapshot} />)
  const asked: LogTailInput[] = []
  let failure: CodedError | undefined
  let count = 9
  screen.host.client = {
    logs: {
      info: async () => {
        const info = await SAMPLE_LOGS.info()
        return { ...info, files: [...info.files] }
      },
      tail: async (input) => {
        asked.push(input)
        if (failure !== undefined) {
          throw failure
        }
        const { lines } = await SAMPLE_LOGS.tail(input)
        return { lines: lines.slice(0, count), isCut: false }
      },
      report: async () => {
        if (failure !== undefined) {
          throw failure
        }
        return { name: 'tailrace-report-1.txt', text: SAMPLE_REPORT }
      },
    },
  }
  mounted = screen
  return {
    ...screen,
    asked,
    fail: (error) => {
      failure = error
    },
    grow: (next) => {
      count = next
    },
  }
}

const lines = () => page.getByTestId('log-line')

describe('the log', () => {
  it('shows the newest lines of the application first, each with its level as a word', async () => {
    const { asked } = mountLogs()
    await expect.element(lines().first()).toMatchTextContent(/info.*app started version=0\.1\.0 shell=service/)
    expect(asked.at(-1)).toEqual({ file: 'app.log', lines: 500, level: 'info', contains: '' })
    await expect.element(page.getByTestId('log-foot')).toHaveTextContent('9 lines, all that fit.')
  })

  it('is filtered by level and text, and another file can be read', async () => {
    const { asked } = mountLogs()
    await expect.element(lines().first()).toBeVisible()
    await page.getByText('Warnings', { exact: true }).click()
    await expect.element(lines().first()).toMatchTextContent(/warn.*a peer went away/)
    await page.getByLabelText('Only lines that contain').fill('digest')
    await expect.element(lines().first()).toMatchTextContent(/error.*does not have its digest/)
    await page.getByLabelText('Only lines that contain').fill('nothing like it')
    await expect.element(page.getByTestId('log-foot')).toHaveTextContent('No line fits.')
    await page.getByRole('combobox', { name: 'File' }).selectOptions('node.log')
    await expect
      .poll(() => asked.at(-1))
      .toMatchObject({ file: 'node.log', level: 'warn', contains: 'nothing like it' })
  })

  it('follows what is written, until a line is chosen', async () => {
    const { asked, grow, element } = mountLogs()
    await expect.element(lines().first()).toBeVisible()
    grow(40)
    await expect.poll(() => element.querySelectorAll('.log-line').length, { timeout: 10_000 }).toBe(40)
    const log = page.getByTestId('log').element()
    await expect.poll(() => log.scrollHeight - log.scrollTop - log.clientHeight).toBeLessThan(4)
    await lines().last().click()
    await expect.element(page.getByTestId('follow')).not.toBeChecked()
    expect(asked.length).toBeGreaterThan(1)
  })

  it('gives a line away by click or key, and only then', async () => {
    mountLogs()
    const written: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text))
    await expect.element(lines().first()).toBeVisible()
    await expect.element(page.getByTestId('copy-line')).toBeDisabled()
    await lines().nth(1).click()
    await page.getByTestId('copy-line').click()
    page.getByTestId('log').element().focus()
    await userEvent.keyboard('{ArrowDown}{Enter}')
    const shown = sampleLogLines(9).filter(({ level }) => level !== 'debug')
    expect(written).toEqual([shown[1], shown[2]].map((line) => line && lineText(line)))
    await expect.element(page.getByText('Copied', { exact: true })).toBeVisible()
  })

  it('says what went wrong and shows what was known', async () => {
    const { fail } = mountLogs()
    await expect.element(lines().first()).toBeVisible()
    fail(new CodedError('not_found', 'x'))
    await page.getByText('Errors', { exact: true }).click()
    await expect.element(page.getByTestId('log-fault')).toMatchTextContent(/no longer there/)
    await expect.element(lines().first()).toBeVisible()
  })
})

describe('the report', () => {
  it('is looked over before it is saved', async () => {
    const { element } = mountLogs()
    const saved: string[] = []
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download)
    })
    await expect.element(page.getByTestId('save-report')).not.toBeInTheDocument()
    await page.getByTestId('prepare-report').click()
    await expect.element(page.getByLabelText('All that is in the report')).toHaveValue(SAMPLE_REPORT)
    expect([...element.querySelectorAll('.report-heads li')].map((head) => head.textContent)).toEqual([
      'Versions',
      'Host',
      'Troubles',
      'Machine',
      'Log app.log (48112 bytes)',
    ])
    expect(saved).toEqual([])
    await page.getByTestId('save-report').click()
    expect(saved).toEqual(['tailrace-report-1.txt'])
    await expect.element(page.getByTestId('report-word')).toMatchTextContent(/Saved as tailrace-report-1\.txt/)
  })

  it('says so where it cannot be made', async () => {
    const { fail } = mountLogs()
    fail(new CodedError('connection_lost', 'x'))
    await page.getByTestId('prepare-report').click()
    await expect.element(page.getByTestId('report-word')).toMatchTextContent(/^The host did not answer/)
  })
})

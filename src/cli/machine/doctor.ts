/** `tailrace doctor`: what would keep this machine from earning, and what to do. */
import type { Finding } from '../../ipc/wires/machine-wire.ts'
import { DEFAULT_SETTINGS } from '../../ipc/wires/settings-wire.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { networkHome } from '../../main/data-folder.ts'
import { problem, warning } from '../../main/doctor/check.ts'
import { examineMachine } from '../../main/doctor/doctor.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import { readSettingsFile } from '../../main/settings/settings-file.ts'
import { settingsFile } from '../../main/settings/settings-store.ts'
import { BUILT_IN_MODELS_FOLDER } from '../built-files.ts'
import { defineCommand } from '../command.ts'
import type { CliContext, Terminal } from '../context.ts'
import { HOME, JSON_OUTPUT } from '../options.ts'
import type { Style } from '../terminal.ts'
import { paint } from '../terminal.ts'
import { emit, withControl } from '../with-control.ts'
import { findingWords } from '../words/findings.ts'

export const DOCTOR_COMMAND = defineCommand({
  name: 'doctor',
  group: 'machine',
  summary: 'what would keep this machine from earning, and what to do',
  details:
    'Looks at this computer, its files and, where Tailrace runs, at the network. Exit code 1 where a problem was found.',
  options: { home: HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace doctor', 'tailrace doctor --json | jq ".findings[] | select(.verdict == \\"problem\\")"'],
  reaches: ['machine.doctor'],
  async run(args, context) {
    const findings = await examine(args.home, context)
    const counts = { problems: countOf(findings, 'problem'), warnings: countOf(findings, 'warning') }
    const value = { ...counts, findings: findings.map((finding) => ({ ...finding, ...findingWords(finding) })) }
    emit(context, args.json, value, () =>
      [...findings.map((one) => lineOf(one, context.terminal)), summary(counts)].join('\n'),
    )
    return counts.problems === 0 ? 0 : 1
  },
})

async function examine(home: string | undefined, context: CliContext): Promise<readonly Finding[]> {
  try {
    return await withControl(context, home, async ({ client }) => (await client.machine.doctor()).findings)
  } catch (error) {
    const folder = networkHome(home, context.env, context.platform)
    const code = errorCode(error)
    const finding =
      code === 'not_running' ? warning('running', { folder }) : problem('running', { folder, reason: code })
    return [...(await examineHere(home, folder, code !== 'not_running', context)), finding]
  }
}

function examineHere(
  home: string | undefined,
  folder: string,
  isRunning: boolean,
  { env, platform, signal }: CliContext,
): Promise<readonly Finding[]> {
  const file = settingsFile(home, env, platform)
  return examineMachine(
    {
      home: folder,
      settingsFile: file,
      screenPort: screenPortOf(file),
      builtInModels: BUILT_IN_MODELS_FOLDER,
      models: BUILT_IN_MODELS,
      env,
      platform,
      shell: 'service',
    },
    isRunning,
    signal,
  )
}

function screenPortOf(file: string): number {
  try {
    return readSettingsFile(file).screenPort ?? DEFAULT_SETTINGS.screenPort
  } catch {
    // The finding about the settings says what is wrong with them.
    return DEFAULT_SETTINGS.screenPort
  }
}

const MARKS: Readonly<Record<Finding['verdict'], readonly [mark: string, style: Style]>> = {
  ok: ['ok  ', 'green'],
  warning: ['warn', 'yellow'],
  problem: ['FAIL', 'red'],
  skipped: ['–   ', 'dim'],
}

function lineOf(finding: Finding, terminal: Terminal): string {
  const { title, text, advice } = findingWords(finding)
  const [mark, style] = MARKS[finding.verdict]
  const line = `${paint(terminal, style, mark)}  ${title}: ${text}`.trimEnd()
  return advice === '' ? line : `${line}\n      → ${advice}`
}

function summary({ problems, warnings }: { readonly problems: number; readonly warnings: number }): string {
  if (problems + warnings === 0) {
    return '\nNothing stands in the way.'
  }
  return `\n${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`
}

function countOf(findings: readonly Finding[], verdict: Finding['verdict']): number {
  return findings.filter((finding) => finding.verdict === verdict).length
}

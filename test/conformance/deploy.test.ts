/**
 * The operator's kit says what is there: every query of the board and of the alert rules uses a metric that our processes or
 * CometBFT export, units are accepted by systemd, the container recipe pins what it names, and every command of docs/operate.md is
 * one that `tailrace` knows, and is either run by a named test or marked as not run.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { repoRoot } from '../../scripts/files.ts'
import { parseCommand } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { COMETBFT_VERSION } from '../../src/main/cometbft/binary.ts'
import { COMET_METRICS } from '../support/metrics/comet-metrics.ts'
import { isSeriesOf, metricsOfQuery, ownMetrics } from '../support/metrics/own-metrics.ts'
import { tempTree } from '../support/temp-tree.ts'

const DEPLOY = join(repoRoot, 'deploy')
const read = (...path: readonly string[]): string => readFileSync(join(repoRoot, ...path), 'utf8')
const own = ownMetrics()
/** Prometheus' own. */
const BUILT_IN = ['up']

function unknownMetrics(expression: string): readonly string[] {
  return metricsOfQuery(expression).filter((series) => {
    const ofComet = series.replace(/_(bucket|sum|count)$/, '')
    return (
      !isSeriesOf(own, series) && ![...COMET_METRICS, ...BUILT_IN].some((name) => name === series || name === ofComet)
    )
  })
}

test('metrics are named as Prometheus asks: a prefix, base units, counters end in _total', () => {
  for (const [name, type] of own) {
    expect(name).toMatch(/^(tailrace_(node|host|gateway)|process|nodejs|gen_ai)_[a-z0-9_]+$/)
    expect(type === 'counter').toBe(name.endsWith('_total'))
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|percent)(_|$)/)
  }
})

test('a query’s metrics are found among its functions, labels and numbers', () => {
  const query =
    'sum by (le, instance) (rate(a_bucket{x=~"b|c"}[5m])) / on (chain_id) group_left () max(d) > 1e6 and e_total'
  expect(metricsOfQuery(query)).toEqual(['a_bucket', 'd', 'e_total'])
  expect(unknownMetrics('rate(tailrace_node_no_such_total[5m]) + cometbft_p2p_peers')).toEqual([
    'tailrace_node_no_such_total',
  ])
  expect(unknownMetrics('tailrace_node_height_bucket')).toEqual(['tailrace_node_height_bucket'])
})

describe('Grafana board', () => {
  const target = z.looseObject({
    refId: z.string().regex(/^[A-Z]$/),
    expr: z.string().min(1),
    legendFormat: z.string(),
  })
  const at = z.strictObject({ h: z.int().min(1), w: z.int().min(1).max(24), x: z.int().min(0), y: z.int().min(0) })
  const panel = z.looseObject({
    id: z.int().min(1),
    type: z.enum(['row', 'stat', 'timeseries']),
    title: z.string().min(1),
    gridPos: at,
    targets: z.array(target).optional(),
    datasource: z
      .strictObject({ type: z.literal('prometheus'), uid: z.string().regex(/^\$\{datasource\}$/) })
      .optional(),
  })
  const board = z
    .looseObject({
      uid: z.string().max(40),
      title: z.string(),
      schemaVersion: z.int().min(36),
      panels: z.array(panel).min(1),
      templating: z.strictObject({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
    })
    .parse(JSON.parse(read('deploy', 'grafana', 'tailrace-network.json')))

  test('every query uses metrics that exist and variables that the board has', () => {
    const queries = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    expect(queries.length).toBeGreaterThan(40)
    expect(queries.flatMap(unknownMetrics)).toEqual([])
    const variables = board.templating.list.map(({ name }) => name)
    const used = queries.flatMap((query) => [...query.matchAll(/\$([a-z]+)/g)].map(([, name]) => name))
    expect(used.filter((name) => !variables.includes(name as string))).toEqual([])
  })

  test('panels have numbers of their own, a place of their own, and a query', () => {
    const { panels } = board
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_none, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
    expect(panels.every(({ type, targets = [] }) => (type === 'row') === (targets.length === 0))).toBe(true)
  })
})

test('alert rules: metrics that exist, a severity, a heading of docs/operate.md that says what to do', () => {
  const rules = read('deploy', 'prometheus', 'tailrace-alerts.yaml')
    .split(/^ {6}- alert: /m)
    .slice(1)
  expect(rules.length).toBeGreaterThan(15)
  const headings = [...read('docs', 'operate.md').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const rule of rules) {
    const name = /^(Tailrace[A-Za-z]+)$/m.exec(rule)?.[1]
    expect(name, rule).toBeDefined()
    const expression = /^ {8}expr: (.+)$/m.exec(rule)?.[1] ?? ''
    expect(metricsOfQuery(expression).length, name).toBeGreaterThan(0)
    expect(unknownMetrics(expression), name).toEqual([])
    expect(rule, name).toMatch(/^ {8}labels: \{ severity: (page|ticket) \}$/m)
    expect(rule, name).toMatch(/^ {10}summary: ".+"$/m)
    expect(headings, name).toContain(/^ {10}runbook: "docs\/operate\.md#([a-z-]+)"$/m.exec(rule)?.[1])
  }
})

describe('systemd units', () => {
  const units = readdirSync(join(DEPLOY, 'systemd')).filter((name) => /\.(service|target)$/.test(name))
  const services = units.filter((name) => name.endsWith('.service'))

  test.each(services)('%s runs as a user of its own, without privileges, on commands that exist', (name) => {
    const text = read('deploy', 'systemd', name)
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'ProtectHome=yes', 'CapabilityBoundingSet=']) {
      expect(text.split('\n')).toContain(line)
    }
    const user = /^User=(.+)$/m.exec(text)?.[1] ?? ''
    expect(read('deploy', 'systemd', 'tailrace.sysusers.conf')).toMatch(new RegExp(`^u +${user} `, 'm'))
    expect(text).toContain(`StateDirectory=${user}`)
    const command = /^ExecStart=.*\/tailrace\.js (.+)$/m.exec(text)?.[1]
    if (command !== undefined) {
      const words = command.replaceAll(/\$\{([A-Z]+)_PORT\}/g, '1').replaceAll(/\$\{[A-Z]+_RPC\}/g, 'http://h:1')
      expectKnown(words.replaceAll(/\$\{[A-Z]+_LISTEN\}/g, '/ip4/127.0.0.1/tcp/0').replaceAll(/ \$[A-Z_]+/g, ''))
    }
  })

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0
  if (!analyze) {
    process.stderr.write('systemd-analyze is not on this machine: the units are not verified by it\n')
  }

  test.skipIf(!analyze)('systemd reads them without a complaint and finds them little exposed', () => {
    const folder = tempTree({})
    mkdirSync(join(folder, 'units'))
    const paths = units.map((name) => {
      const path = join(folder, 'units', name)
      // The programs are not installed here; everything else stays.
      const text = read('deploy', 'systemd', name).replaceAll(/^(ExecStart=)\S+/gm, `$1${process.execPath}`)
      writeFileSync(path, text)
      return path
    })
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], { encoding: 'utf8' })
    expect(`${verified.stdout}${verified.stderr}`).toBe('')
    expect(verified.status).toBe(0)
    for (const path of paths.filter((each) => each.endsWith('.service'))) {
      // In tenths: "2.0 OK" at most.
      const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', path])
      expect(security.status, path).toBe(0)
    }
  })
})

describe('containers', () => {
  const recipe = read('deploy', 'Containerfile')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
  const instructions = recipe.filter((line) => line !== '' && !line.startsWith('#'))

  test('the recipe: known instructions, pinned versions, files that are there, no root', () => {
    const known = /^(ARG|FROM|RUN|COPY|WORKDIR|USER|VOLUME|ENV|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD) /
    expect(instructions.filter((line) => !known.test(line))).toEqual([])
    expect(instructions).toContain(`ARG COMETBFT_VERSION=${COMETBFT_VERSION}`)
    const node = JSON.parse(read('package.json')).devDependencies.node.replace('^', '')
    expect(instructions).toContain(`ARG NODE_VERSION=${node}`)
    const bases = instructions.filter((line) => line.startsWith('FROM '))
    expect(bases.every((line) => /^FROM docker\.io\/library\/\S+:\$\{[A-Z]+_VERSION\}\S* AS [a-z]+$/.test(line))).toBe(
      true,
    )
    const stages = bases.map((line) => line.split(' AS ')[1])
    for (const line of instructions.filter((each) => each.startsWith('COPY'))) {
      const [, stage] = /--from=(\S+)/.exec(line) ?? []
      expect(stage === undefined || stages.includes(stage)).toBe(true)
      const [, repositoryPath] = /--from=build \/src\/((?!dist|node_modules)\S+)/.exec(line) ?? []
      expect(repositoryPath === undefined || existsSync(join(repoRoot, repositoryPath)), line).toBe(true)
    }
    const last = instructions.lastIndexOf(bases.at(-1) as string)
    expect(instructions.slice(last).some((line) => /^USER [1-9][0-9]*:[1-9][0-9]*$/.test(line))).toBe(true)
    expect(instructions.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true)
  })

  test('the shell and the health check do what they say', () => {
    const shell = spawnSync('sh', ['-n', join(DEPLOY, 'tailrace.sh')], { encoding: 'utf8' })
    expect(shell.stderr).toBe('')
    const sick = spawnSync(process.execPath, [join(DEPLOY, 'healthy.mjs')], {
      env: { ...process.env, TAILRACE_HEALTH_URL: 'http://127.0.0.1:1/' },
    })
    expect(sick.status).toBe(1)
  })

  test('the commands of compose.yaml exist', () => {
    const compose = read('deploy', 'compose.yaml')
    const inline = [...compose.matchAll(/^ {4}command: \[(.+)\]$/gm)].map(
      ([, list]) => JSON.parse(`[${list}]`) as string[],
    )
    const listed = [...compose.matchAll(/^ {4}command:\n((?: {6}- .+\n)+)/gm)].map(([, lines]) =>
      (lines as string)
        .trim()
        .split(/\n? *- /)
        .filter((word) => word !== ''),
    )
    const ofTailrace = [...inline, ...listed].filter(([first]) => first !== 'start')
    expect(ofTailrace).toHaveLength(3)
    for (const command of ofTailrace) {
      expectKnown(command.join(' '))
    }
  })
})

describe('docs/operate.md', () => {
  const text = read('docs', 'operate.md')
  /** Each with the comment right before it. */
  const blocks = [...text.matchAll(/(?:<!-- (.+?) -->\n)?```sh\n([\s\S]*?)```/g)].map(([, mark = '', body = '']) => ({
    mark,
    body,
  }))

  test('every block of commands is run by a test that is there, or says why it is not run', () => {
    expect(blocks.length).toBeGreaterThan(8)
    for (const { mark, body } of blocks) {
      const [, file] =
        /^run by: (test\/\S+|src\/\S+|scripts\/\S+)(?: \((?:running|stopped|validator)\))?$/.exec(mark) ?? []
      const isMarked = file === undefined ? /^not run here: .{10,}$/.test(mark) : existsSync(join(repoRoot, file))
      expect(isMarked, `${mark}\n${body}`).toBe(true)
    }
  })

  test('every command of ours is one that the program knows, with its options', () => {
    const lines = blocks.flatMap(({ body }) => body.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    const commands = lines
      .map((line) => /(?:^|\s)tailrace ((?:[a-z]).*?)(?:\s+#.*)?$/.exec(line)?.[1])
      .filter((each) => each !== undefined)
    expect(commands.length).toBeGreaterThan(8)
    for (const command of commands) {
      expectKnown(command)
    }
  })

  test('files that it names are there', () => {
    const paths = [...text.matchAll(/`((?:deploy|docs|scripts|src)\/[\w./-]+)`/g)].map(([, path]) => path as string)
    expect(paths.filter((path) => !existsSync(join(repoRoot, path)))).toEqual([])
  })
})

function expectKnown(command: string): void {
  // What a shell puts in place before the program sees it.
  const given = command.replace(/"\$\(.*\)"/, 'FOLDER').replace('"$PEER"', `${'0'.repeat(40)}@h:1`)
  const words = given.replaceAll("'", '').split(/ +/)
  const parsed = (() => {
    try {
      return parseCommand(words, COMMANDS)
    } catch (error) {
      return error
    }
  })()
  expect(parsed, command).not.toBeInstanceOf(Error)
}

/** Every decoder of the product is among those that malformed input is sent to, or stands here with the reason why not. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repoRoot } from '../../scripts/files.ts'

const DECLARED = /^export (?:async )?function ((?:decode|tryDecode|parse)[A-Z]\w*)/gm

/** By file and name. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'src/gateway/request/schema-parts.ts parseWith': 'within the decoders of requests',
  'src/chain/queries/request.ts decodeRequest': 'within each question to the chain',
  'src/ipc/compute-codec.ts decodeCheckJob': 'takes what the schema of a job has accepted, as decodeRaceJob',
  'src/ipc/compute-codec.ts decodeDeviceReport': 'takes what the schema of a report has accepted',
  'src/ipc/wires/inference-wire.ts decodeGenerateJob': 'takes what the schema of a job has accepted',
  'src/ipc/wires/inference-wire.ts decodeScoreJob': 'takes what the schema of a job has accepted',
  'src/worker/webgpu/race-buffers.ts decodeResults': "reads what this program's own kernel wrote",
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(repoRoot, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('/gen/'))
}

const text = (path: string): string => readFileSync(join(repoRoot, path), 'utf8')

test('no decoder is left out', () => {
  const sent = filesBelow('test/support/malformed').map(text).join('\n')
  const missing = filesBelow('src').flatMap((path) =>
    [...text(path).matchAll(DECLARED)]
      .map(([, name]) => name as string)
      .filter((name) => !isSent(sent, path, name) && ELSEWHERE[`${path} ${name}`] === undefined)
      .map((name) => `${path} ${name}`),
  )
  expect(missing).toEqual([])
})

/** Imported by name from this very file. */
function isSent(sent: string, path: string, name: string): boolean {
  const from = `/${path.replace(/^src\//, 'src/')}'`
  return [...sent.matchAll(/import (?:type )?\{([^}]*)\} from '([^']*)'/g)].some(
    ([, names = '', source = '']) =>
      `/${source.replace(/^(\.\.\/)+/, '')}'` === from &&
      names.split(',').some((one) => one.trim().split(' ')[0] === name),
  )
}

test('every reason is still needed', () => {
  const known = filesBelow('src').flatMap((path) =>
    [...text(path).matchAll(DECLARED)].map(([, name]) => `${path} ${name}`),
  )
  expect(Object.keys(ELSEWHERE).filter((one) => !known.includes(one))).toEqual([])
})

/** `tailrace models list | verify`. Choosing them is `tailrace settings set models`. */
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { ModelVerdict } from '../../main/doctor/model-checks.ts'
import { verifyModel } from '../../main/doctor/model-checks.ts'
import { readManifestFile } from '../../main/models/model-files.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import { BUILT_IN_MODELS_FOLDER } from '../built-files.ts'
import { defineCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { bytes, rate, table } from '../layout.ts'
import { HOME, JSON_OUTPUT } from '../options.ts'
import { emit, snapshotOf, withControl } from '../with-control.ts'

export const MODELS_LIST_COMMAND = defineCommand({
  name: 'models list',
  group: 'machine',
  summary: 'models that this computer has, and how they are served',
  options: { home: HOME, json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace models list', 'tailrace settings set models none'],
  async run(args, context) {
    const served = await servedModels(args.home, context)
    const rows = await Promise.all(
      BUILT_IN_MODELS.map(async (model) => {
        const manifest = await readManifestFile(join(BUILT_IN_MODELS_FOLDER, model))
        const service = served?.find((one) => one.model === model)
        return {
          model,
          sizeBytes: manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
          contextTokens: manifest.contextTokens,
          licence: manifest.licence,
          state: service?.state ?? (served === undefined ? 'not_running' : 'not_served'),
          backend: service?.backend ?? null,
          tokensPerSecond: service?.tokensPerSecond ?? null,
        }
      }),
    )
    emit(context, args.json, rows, () =>
      table(
        ['MODEL', '>SIZE', '>CONTEXT', 'STATE', 'BACKEND', '>TOKENS/S', 'LICENCE'],
        rows.map((row) => [
          row.model,
          bytes(row.sizeBytes),
          String(row.contextTokens),
          row.state.replaceAll('_', ' '),
          row.backend ?? '–',
          row.tokensPerSecond === null || row.tokensPerSecond === 0 ? '–' : rate(row.tokensPerSecond),
          row.licence,
        ]),
      ),
    )
    return 0
  },
})

export const MODELS_VERIFY_COMMAND = defineCommand({
  name: 'models verify',
  group: 'machine',
  summary: 'compare every file of the models with its SHA-256',
  details: 'Needs no running application. Exit code 1 where a file is not what it must be.',
  options: { json: JSON_OUTPUT },
  positionals: { model: { schema: z.string().max(64).optional(), summary: 'one model; absent: all' } },
  examples: ['tailrace models verify', 'tailrace models verify whale-0.9m'],
  async run(args, context) {
    const { model } = args
    if (model !== undefined && !BUILT_IN_MODELS.includes(model)) {
      throw new CodedError('unknown_model', `there is no model “${model}” here`, { fields: { model } })
    }
    const names = model === undefined ? BUILT_IN_MODELS : [model]
    const verdicts = await Promise.all(names.map((name) => verifyModel(BUILT_IN_MODELS_FOLDER, name, context.signal)))
    const isWell = verdicts.every(isRight)
    emit(
      context,
      args.json,
      { valid: isWell, models: verdicts.map((one) => ({ ...one, manifestError: one.manifestError ?? null })) },
      () => verdicts.flatMap(linesOf).join('\n'),
    )
    return isWell ? 0 : 1
  },
})

/** Undefined where nothing runs. */
async function servedModels(
  home: string | undefined,
  context: CliContext,
): Promise<NonNullable<Awaited<ReturnType<typeof snapshotOf>>['work']>['services'] | undefined> {
  try {
    return await withControl(context, home, async (control) => (await snapshotOf(control)).work?.services ?? [])
  } catch (error) {
    if (errorCode(error) === 'not_running') {
      return undefined
    }
    throw error
  }
}

function isRight({ files, manifestError }: ModelVerdict): boolean {
  return manifestError === undefined && files.every(({ state }) => state === 'ok')
}

function linesOf(verdict: ModelVerdict): readonly string[] {
  const { model, files, manifestError } = verdict
  const marks = { ok: 'ok    ', damaged: 'FAILED', absent: 'absent' } as const
  return [
    ...(manifestError === undefined ? [] : [`FAILED  ${model}/manifest.json (${manifestError.replaceAll('_', ' ')})`]),
    ...files.map(({ path, state, sizeBytes }) => `${marks[state]}  ${model}/${path}  ${bytes(sizeBytes)}`),
  ]
}

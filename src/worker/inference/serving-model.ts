import { CodedError, errorCode } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock } from '../../lib/runtime.ts'
import type { ModelManifest } from '../../models/manifest.ts'
import type { ModelText } from '../../models/text.ts'
import type { InferenceReport } from '../../protocol/inference.ts'
import { NUMERIC_CLASSES } from '../../protocol/work/classes.ts'
import type { BackendSource, OpenedBackend } from './backends.ts'
import type { CanaryResult } from './canary.ts'
import { runCanary } from './canary.ts'
import { ModelDevice } from './model-device.ts'
import type { ModelSession } from './model-session.ts'
import { throwIfAborted } from './mutex.ts'

/** Verified files of a model. */
export interface LoadedModel {
  readonly manifest: ModelManifest
  readonly graph: Uint8Array
  readonly text: ModelText
}

/** A model that may be served: its own engine and the reference engine beside it. */
export interface ServingModel {
  readonly manifest: ModelManifest
  readonly text: ModelText
  readonly report: InferenceReport
  readonly own: { readonly source: BackendSource; readonly device: ModelDevice }
  readonly reference: { readonly source: BackendSource; readonly device: ModelDevice }
  close(): Promise<void>
}

export interface ServingComponents {
  readonly reference: BackendSource
  /** What may serve, in order of preference where two are equally fast. */
  readonly candidates: readonly BackendSource[]
  readonly clock: Clock
}

interface Trial {
  readonly source: BackendSource
  readonly opened?: OpenedBackend
  readonly result?: CanaryResult
  /** Why it may not serve. */
  readonly refusal?: string
}

/**
 * Opens a model on every candidate, compares each with the reference engine on one input, keeps the fastest of those that are right.
 * @throws CodedError `canary_mismatch` where none is right, `no_adapter`, `backend_failed`, `invalid_graph`, `aborted`
 */
export async function openServingModel(
  components: ServingComponents,
  model: LoadedModel,
  signal: AbortSignalLike,
): Promise<ServingModel> {
  const { manifest, graph, text } = model
  const openReference = async (): Promise<OpenedBackend> => components.reference.open(manifest, graph)
  const reference = await openReference()
  const trials: Trial[] = []
  try {
    for (const source of components.candidates) {
      throwIfAborted(signal)
      trials.push(await tryBackend(components, source, model, reference, signal))
    }
    const chosen = fastest(trials)
    const { source, opened, result } = chosen
    const report = reportOf(manifest, source, opened, result, choiceReason(trials, source))
    // The reference engine stays only where it serves too; a check that needs it opens it again.
    await closeOthers([reference, ...trials.map((trial) => trial.opened)], opened)
    const isShared = opened.session === reference.session
    const referenceDevice = new ModelDevice(
      isShared ? opened.session : undefined,
      async () => (await openReference()).session,
    )
    const own = new ModelDevice(opened.session, async () =>
      reopen(
        await tryBackend(components, source, model, { ...reference, session: await referenceDevice.current() }, signal),
      ),
    )
    return {
      manifest,
      text,
      report,
      own: { source, device: own },
      reference: { source: components.reference, device: referenceDevice },
      async close() {
        await own.close()
        await referenceDevice.close()
      },
    }
  } catch (error) {
    await closeOthers([reference, ...trials.map((trial) => trial.opened)], undefined)
    throw error
  }
}

async function closeOthers(
  all: readonly (OpenedBackend | undefined)[],
  kept: OpenedBackend | undefined,
): Promise<void> {
  for (const opened of all) {
    if (opened !== undefined && opened.session !== kept?.session) {
      await opened.session.close()
    }
  }
}

async function reopen({ opened, refusal }: Trial): Promise<ModelSession> {
  if (opened !== undefined && refusal === undefined) {
    return opened.session
  }
  await opened?.session.close()
  throw new CodedError(refusal ?? 'backend_failed', 'the backend came back wrong, or not at all')
}

/** A candidate that cannot be opened or computes wrong is an outcome; an abort is not. */
async function tryBackend(
  components: ServingComponents,
  source: BackendSource,
  { manifest, graph }: LoadedModel,
  reference: OpenedBackend,
  signal: AbortSignalLike,
): Promise<Trial> {
  let opened: OpenedBackend | undefined
  try {
    opened = source.isReferenceBuild ? reference : await source.open(manifest, graph)
    const candidate = { session: opened.session, layout: source.layout }
    const expected = { session: reference.session, layout: components.reference.layout }
    const result = await runCanary(candidate, expected, components.clock, signal)
    // Logits within ε of each other give margins of at most 2ε (sampling/margin.ts).
    const isRight = 2 * result.difference <= NUMERIC_CLASSES[source.numericClass].hardMargin
    return { source, opened, result, ...(isRight ? {} : { refusal: 'canary_mismatch' }) }
  } catch (error) {
    await closeOthers([opened], reference)
    throwIfAborted(signal)
    return { source, refusal: errorCode(error) }
  }
}

interface PassedTrial extends Trial {
  readonly opened: OpenedBackend
  readonly result: CanaryResult
}

function fastest(trials: readonly Trial[]): PassedTrial {
  const passed = trials.filter(
    (trial): trial is PassedTrial => trial.opened !== undefined && trial.refusal === undefined,
  )
  const best = passed.toSorted((a, b) => b.result.tokensPerSecond - a.result.tokensPerSecond)[0]
  if (best === undefined) {
    const refusals = trials.map((trial) => `${trial.source.kind}: ${trial.refusal}`).join(', ')
    const code = trials.find((trial) => trial.refusal === 'canary_mismatch')?.refusal ?? trials.at(-1)?.refusal
    throw new CodedError(code ?? 'backend_failed', `no backend may serve this model (${refusals})`)
  }
  return best
}

function choiceReason(trials: readonly Trial[], chosen: BackendSource): string {
  const others = trials.filter((trial) => trial.source !== chosen)
  return others.length === 0 ? '' : (others.find((trial) => trial.refusal !== undefined)?.refusal ?? 'slower')
}

function reportOf(
  manifest: ModelManifest,
  source: BackendSource,
  opened: OpenedBackend,
  result: CanaryResult,
  reason: string,
): InferenceReport {
  return {
    model: manifest.id,
    backend: source.kind,
    numericClass: source.numericClass,
    adapter: opened.adapter,
    contextTokens: manifest.contextTokens,
    tokensPerSecond: result.tokensPerSecond,
    choiceReason: reason,
    canaryDifference: result.difference,
  }
}

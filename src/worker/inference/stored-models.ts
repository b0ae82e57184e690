import { CodedError } from '../../lib/coded-error.ts'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { ModelStore } from '../../models/model-store.ts'
import { createModelText } from '../../models/text.ts'
import type { ModelProvider } from './inference-engine.ts'

/** As manifests have it. A name becomes part of a path. */
const MODEL_NAME = /^[a-z0-9][a-z0-9.-]{0,62}[a-z0-9]$/

/** Models as their stores keep them: fetched where they are missing, verified at each load. */
export function createStoredModels(
  storeOf: (model: string, signal: AbortSignalLike) => Promise<ModelStore>,
): ModelProvider {
  return {
    async open(model, signal) {
      if (!MODEL_NAME.test(model)) {
        throw new CodedError('unknown_model', 'that is no name of a model')
      }
      const store = await storeOf(model, signal)
      const manifest = store.manifest(model)
      await store.ensure(model, signal)
      const graph = await store.readFile(model, manifest.graph, signal)
      const decoder = new TextDecoder()
      const tokenizer = decoder.decode(await store.readFile(model, manifest.tokenizer, signal))
      const config = decoder.decode(await store.readFile(model, manifest.tokenizerConfig, signal))
      return { manifest, graph, text: createModelText(tokenizer, config) }
    },
  }
}

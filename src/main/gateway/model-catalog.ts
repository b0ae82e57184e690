import type { DeskChain } from '../../gateway/desk/ports.ts'
import type { GatewayModel, ModelCatalog } from '../../gateway/ports.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ModelManifest } from '../../models/manifest.ts'
import { manifestHash } from '../../models/manifest.ts'
import type { ModelStore } from '../../models/model-store.ts'
import type { ModelRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import { loadModelText } from '../models/model-library.ts'

/** What this gateway can sell: models of the network whose very manifest it has, for it must tokenize as everybody does. */
export function createModelCatalog(
  chain: Pick<DeskChain, 'models'>,
  store: ModelStore,
  createdAt: number,
  signal: AbortSignal,
): ModelCatalog {
  const loaded = new Map<string, Promise<GatewayModel>>()

  async function known(): Promise<readonly ModelManifest[]> {
    const records = await chain.models(signal)
    return store.manifests.filter((manifest) => records.some((record) => isSame(record, manifest)))
  }

  function load(manifest: ModelManifest): Promise<GatewayModel> {
    const present = loaded.get(manifest.id)
    if (present !== undefined) {
      return present
    }
    const loading = loadGatewayModel(manifest, store, createdAt, signal)
    loaded.set(manifest.id, loading)
    // The next request tries again.
    loading.catch(() => loaded.delete(manifest.id))
    return loading
  }

  return {
    list: async () => Promise.all((await known()).map(load)),
    async get(id) {
      const manifest = (await known()).find((candidate) => candidate.id === id)
      return manifest === undefined ? undefined : load(manifest)
    },
  }
}

async function loadGatewayModel(
  manifest: ModelManifest,
  store: ModelStore,
  createdAt: number,
  signal: AbortSignal,
): Promise<GatewayModel> {
  const { id, contextTokens, defaultMaxTokens, vocabularySize, eosTokens } = manifest
  const text = await loadModelText(store, manifest, signal)
  return { id, createdAt, contextTokens, defaultMaxTokens, vocabularySize, eosTokens, text }
}

function isSame(record: ModelRecord, manifest: ModelManifest): boolean {
  return record.id === manifest.id && equalBytes(record.manifestHash, manifestHash(manifest))
}

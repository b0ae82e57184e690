/** What the genesis of a network on this computer is made of: the hosts that it brings along and the models that it sells. */
import { join } from 'node:path'
import { manifestHash } from '../../models/manifest.ts'
import { peerIdOfKey } from '../../p2p/peer-key.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import type { GenesisHost, GenesisModel } from '../../protocol/genesis.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import type { HostKeys } from '../host-keys.ts'
import { readManifestFile } from '../models/model-files.ts'
import { BUILT_IN_MODELS } from '../models/model-library.ts'

/** utail for a million output tokens: a thousandth of a TAIL a token. */
const LOCAL_MODEL_PRICE = 1_000_000_000n

export async function genesisHostOf(keys: HostKeys, moniker: string): Promise<GenesisHost> {
  return {
    owner: addressOfPublicKey(publicKeyOf(keys.ownerKey)),
    devicePublicKey: publicKeyOf(keys.deviceKey),
    peerId: await peerIdOfKey(keys.peerKey),
    shape: 'dev',
    moniker,
  }
}

/** The models that come with the program, from the folder in which they lie. */
export function builtInGenesisModels(folder: string): Promise<GenesisModel[]> {
  return Promise.all(
    BUILT_IN_MODELS.map(async (name) => {
      const manifest = await readManifestFile(join(folder, name))
      const { id, contextTokens } = manifest
      return { id, manifestHash: manifestHash(manifest), contextTokens, price: LOCAL_MODEL_PRICE }
    }),
  )
}

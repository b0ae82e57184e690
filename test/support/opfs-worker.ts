/** A module worker with the real OPFS storage, for tests: access handles exist in workers alone. Each message is one call. */
import { CodedError, errorCode, errorMessage } from '../../src/lib/coded-error.ts'
import type { StoragePort } from '../../src/models/ports.ts'
import { createOpfsStorage } from '../../src/worker/inference/opfs-storage.ts'

export interface OpfsCall {
  readonly id: number
  readonly folder: string
  readonly method: keyof StoragePort
  readonly hash: string
  readonly bytes?: Uint8Array
}

export interface OpfsAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

const open = new Map<string, Promise<StoragePort>>()
const port = globalThis as unknown as {
  postMessage(answer: OpfsAnswer): void
  addEventListener(type: 'message', listener: (event: MessageEvent<OpfsCall>) => void): void
}

port.addEventListener('message', ({ data: call }) => {
  answer(call).then(
    (result) => port.postMessage({ id: call.id, result }),
    (error: unknown) => {
      port.postMessage({ id: call.id, error: { code: errorCode(error), message: errorMessage(error) } })
    },
  )
})

async function openFolder(folder: string): Promise<StoragePort> {
  const root = await navigator.storage.getDirectory()
  return createOpfsStorage(await root.getDirectoryHandle(folder, { create: true }))
}

async function answer({ folder, method, hash, bytes }: OpfsCall): Promise<unknown> {
  let opened = open.get(folder)
  if (opened === undefined) {
    opened = openFolder(folder)
    open.set(folder, opened)
  }
  const storage = await opened
  if (method !== 'write') {
    return await storage[method](hash)
  }
  if (bytes === undefined) {
    throw new CodedError('invalid_call', 'nothing to write')
  }
  await storage.write(hash, bytes)
  return undefined
}

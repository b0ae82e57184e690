/**
 * `app://tailrace/`: the built screen and the models as a scheme of its own. Invariant: only files that were there at the start are served,
 * each with the headers that isolate the page (screen/screen-files.ts); nothing of the address reaches the file system.
 */
import { readFile } from 'node:fs/promises'
import type { ListedFile } from '../../screen/screen-files.ts'
import { listScreenFiles } from '../../screen/screen-files.ts'
import type { ElectronApi } from '../electron-api.ts'
import { APP_SCHEME, isAppAddress } from './page-addresses.ts'

/** Before `app` is ready. */
export function registerScheme(protocol: Pick<ElectronApi['protocol'], 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: APP_SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
    },
  ])
}

/** @throws CodedError `screen_not_built` */
export function serveScheme(
  protocol: Pick<ElectronApi['protocol'], 'handle'>,
  folders: { readonly screen: string; readonly models: string },
): void {
  const files = listScreenFiles(folders.screen, folders.models)
  protocol.handle(APP_SCHEME, (request) => answerRequest(files, request))
}

async function answerRequest(files: ReadonlyMap<string, ListedFile>, request: Request): Promise<Response> {
  const path = isAppAddress(request.url) ? new URL(request.url).pathname : ''
  const file = request.method === 'GET' || request.method === 'HEAD' ? files.get(path) : undefined
  if (file === undefined) {
    return new Response('not found', {
      status: 404,
      headers: { 'content-type': 'text/plain', 'cache-control': 'no-store' },
    })
  }
  const body = new Uint8Array(await readFile(file.path))
  return new Response(request.method === 'HEAD' ? null : body, {
    status: 200,
    headers: { ...file.headers, 'content-length': String(body.length) },
  })
}

/**
 * The built screen as files over HTTP: read once into memory at the start, so a request can name only what is there. Model files are
 * named at the start and read at each request: they may be large, and one that was damaged may have been repaired. Headers the page: nothing may frame it, it may load nothing from elsewhere and talk to nobody but this server.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { CodedError } from '../../lib/coded-error.ts'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
}

const MODELS = '/models/'

export interface ScreenFile {
  /** @throws what the file system says, for a model file that went away */
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** A file that is read when it is asked for. */
export interface ListedFile {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Path (`/`, `/assets/…`, `/models/…`) → file. @throws CodedError `screen_not_built` */
export function loadScreenFiles(folder: string, modelsFolder: string): ReadonlyMap<string, ScreenFile> {
  const listed = [...listScreenFiles(folder, modelsFolder)]
  return new Map(listed.map(([url, file]) => [url, url.startsWith(MODELS) ? readLater(file) : readNow(file)]))
}

function readNow({ path, headers }: ListedFile): ScreenFile {
  return { headers, body: readFileSync(path) }
}

function readLater({ path, headers }: ListedFile): ScreenFile {
  return {
    headers,
    get body() {
      return readFileSync(path)
    },
  }
}

/** The same without their content. @throws CodedError `screen_not_built` */
export function listScreenFiles(folder: string, modelsFolder: string): ReadonlyMap<string, ListedFile> {
  const files = new Map<string, ListedFile>()
  addFolder(files, folder, '/')
  addFolder(files, modelsFolder, MODELS)
  const index = files.get('/index.html')
  if (index === undefined) {
    throw new CodedError('screen_not_built', `no built screen in ${folder}`, { fields: { folder } })
  }
  files.set('/', index)
  return files
}

function addFolder(files: Map<string, ListedFile>, folder: string, prefix: string): void {
  for (const path of listFiles(folder)) {
    const type = CONTENT_TYPES[extname(path)]
    if (type !== undefined) {
      const url = `${prefix}${relative(folder, path).split(sep).join('/')}`
      files.set(url, { path, headers: headersOf(url, type) })
    }
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (cause) {
    throw new CodedError('screen_not_built', `no built screen in ${folder}`, { cause, fields: { folder } })
  }
}

function headersOf(url: string, type: string): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
    'content-security-policy':
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}

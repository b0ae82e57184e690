/** What redact.ts leaves out because it is known: names of the user and the machine, folders, and every path. */

export interface Person {
  readonly name: string
  readonly label: '<user>' | '<machine>'
}

export interface Folder {
  readonly path: string
  readonly label: '<data>' | '<logs>' | '<home>'
}

export interface FolderLabels {
  /** Puts a label for the name of each folder. */
  mark(text: string): string
  /** `<path>` for every path, and for what lies in a folder its label with the plain names behind it. */
  leaveOutPaths(text: string): string
}

/** Names that are shorter are left out where they stand alone: one of two letters is in every other word. */
const SHORT_NAME = 4
/** Folders in which people have theirs: there a path begins even in the middle of a word. */
const ROOTS = 'home|users|root|var|tmp|etc|mnt|media|opt|private|volumes|library|documents and settings'
/** From the first separator to the last of the line and what hangs on it: folders may have spaces in their names. */
const REST = String.raw`(?:(?:[^"'<>|]|<[a-z][a-z0-9:-]*>)*[\\/])?(?:[^\s"'<>|,;()]|<[a-z][a-z0-9:-]*>)*`
const PATH = new RegExp(
  String.raw`(?:(?<![\w/\\.-])(?:<(?:data|logs|home)>|~\w*|\.{1,2}|[a-z]:)?[\\/]|[\\/]+(?=(?:${ROOTS})(?:[\\/]|$)))${REST}`,
  'gi',
)
const MARKED = /^(<(?:data|logs|home)>)(.*)$/s
/** What may follow a folder's label: ours are plain lower-case names. */
const PLAIN_TAIL = /^(?:[\\/]+(?!\.\.)[a-z0-9][a-z0-9.-]{0,30}){1,4}$/

/** Longer paths win over the folders that they lie in. */
export function createFolderLabels(folders: readonly Folder[]): FolderLabels {
  const patterns = [...folders]
    .filter(({ path }) => path.length > 1)
    .sort((a, b) => b.path.length - a.path.length)
    .map(({ path, label }) => {
      const parts = path.split(/[\\/]+/).map(escapeForPattern)
      return { pattern: new RegExp(`${parts.join(String.raw`[\\/]+`)}(?![\\w-])`, 'gi'), label }
    })
  return {
    mark: (text) => patterns.reduce((rest, { pattern, label }) => rest.replace(pattern, label), text),
    leaveOutPaths: (text) => text.replace(PATH, pathLabel),
  }
}

function pathLabel(path: string): string {
  const marked = MARKED.exec(path)
  if (marked !== null) {
    const [, label = '', tail = ''] = marked
    return PLAIN_TAIL.test(tail) ? label + tail.replaceAll(/[\\/]+/g, '/') : `${label}/<path>`
  }
  return /^[\\/]$/.test(path) ? path : '<path>'
}

export function createNameLabels(people: readonly Person[]): { leaveOut(text: string): string } {
  const known = people.filter(({ name }) => name.trim() !== '')
  if (known.length === 0) {
    return { leaveOut: (text) => text }
  }
  const alternatives = known.map(({ name }) =>
    name.length < SHORT_NAME
      ? String.raw`(?<![\p{L}\p{N}])${escapeForPattern(name)}(?![\p{L}\p{N}])`
      : escapeForPattern(name),
  )
  const pattern = new RegExp(`<[a-z][a-z0-9:-]*>|${alternatives.join('|')}`, 'giu')
  const labelOf = (found: string): string =>
    found.startsWith('<') && found.endsWith('>')
      ? found
      : (known.find(({ name }) => name.toLowerCase() === found.toLowerCase())?.label ?? '<user>')
  return { leaveOut: (text) => text.replace(pattern, labelOf) }
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}

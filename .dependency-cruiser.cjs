/**
 * Who may import whom. The table itself is scripts/layers.json (the same that ARCHITECTURE.md shows); this file turns each row into rules.
 * Type-only imports count. Tests may use any package, but obey the table between our own folders and make no cycles.
 * The schema library (zod) stands at the edges only; the RPC library (@orpc/*) in ipc, main, cli and renderer, because both ends of the one
 * typed contract speak it.
 */
const { rows } = require('./scripts/layers.json')

const TEST_FILE = '\\.test\\.tsx?$'

const PACKAGE_TYPES = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown']

/** A package name or a scope with a star, as a pattern that fits resolved and unresolved imports and their @types. */
function packagePattern(name) {
  if (!name.endsWith('/*')) return `${name}(/|$)`
  return name.slice(0, -1)
}

function anyOf(patterns) {
  return patterns.length === 0 ? '(?!)' : `^(${patterns.join('|')})`
}

function filePattern(file) {
  return `^${file.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}`
}

function ownRule(folder, row) {
  const exceptions = row.exceptions ?? []
  const allowed = [folder, ...row.own].map((name) => `src/${name}/`)
  const rule = (name, from, extra) => ({
    name,
    comment: `${folder} may import of our own folders: ${row.ownText}`,
    severity: 'error',
    from,
    to: {
      path: '^(src|shaders|test|bench|scripts)/',
      pathNot: anyOf([
        ...allowed,
        ...extra.map((other) => `src/${other}/`),
        ...(row.shaders ? ['shaders/'] : []),
        ...(row.typesOf ?? []),
      ]),
    },
  })
  const exceptional = exceptions.filter((exception) => exception.own !== undefined)
  return [
    rule(
      `${folder}-own-folders`,
      { path: `^src/${folder}/`, pathNot: [TEST_FILE, ...exceptional.map((exception) => filePattern(exception.file))] },
      [],
    ),
    ...exceptional.map((exception) =>
      rule(`${folder}-own-folders-exception`, { path: filePattern(exception.file), pathNot: TEST_FILE }, exception.own),
    ),
    // A test beside its code may also use test/support and shaders.
    {
      ...rule(`${folder}-own-folders-tests`, { path: `^src/${folder}/.*${TEST_FILE}` }, [
        ...exceptional.flatMap((exception) => exception.own),
      ]),
      to: {
        path: '^src/',
        pathNot: anyOf([
          ...allowed,
          ...exceptional.flatMap((exception) => exception.own.map((other) => `src/${other}/`)),
          ...(row.typesOf ?? []),
        ]),
      },
    },
  ]
}

function typesOnlyRules(folder, row) {
  return (row.typesOf ?? []).map((file) => ({
    name: `${folder}-types-only`,
    comment: `${folder} may take types, and nothing else, from ${file}`,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: { path: filePattern(file), dependencyTypesNot: ['type-only'] },
  }))
}

function packageRules(folder, row) {
  const exceptions = (row.exceptions ?? []).filter((exception) => exception.builtins !== undefined)
  const packages = `node_modules/(@types/)?(${row.packages.map(packagePattern).join('|') || '(?!)'})`
  const builtinRule = (name, from, builtins) => ({
    name,
    comment: `${folder} may import of platform and third parties: ${row.platformText}`,
    severity: 'error',
    from,
    to: { dependencyTypes: ['core'], ...(builtins.length > 0 ? { pathNot: `^(node:)?(${builtins.join('|')})$` } : {}) },
  })
  const rules = [
    {
      name: `${folder}-packages`,
      comment: `${folder} may import of platform and third parties: ${row.platformText}`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: TEST_FILE },
      to: { dependencyTypes: PACKAGE_TYPES, pathNot: packages },
    },
    ...exceptions.map((exception) =>
      builtinRule(`${folder}-builtins-exception`, { path: filePattern(exception.file) }, exception.builtins),
    ),
  ]
  if (row.builtins.includes('*')) return rules
  const pathNot = [TEST_FILE, ...exceptions.map((exception) => filePattern(exception.file))]
  return [...rules, builtinRule(`${folder}-builtins`, { path: `^src/${folder}/`, pathNot }, row.builtins)]
}

const layerRules = rows.flatMap((row) =>
  row.folders.flatMap((folder) => [
    ...ownRule(folder, row),
    ...typesOnlyRules(folder, row),
    ...packageRules(folder, row),
  ]),
)

const folders = rows.flatMap((row) => row.folders)

module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'Cycles, also of types only.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-barrels',
      comment: 'Import the file that defines the thing.',
      severity: 'error',
      from: { pathNot: '(^|/)node_modules/' },
      to: { path: '/index\\.(tsx?|mjs|js)$', pathNot: '(^|/)node_modules/' },
    },
    {
      name: 'no-unlisted-folder',
      comment: 'Each folder of src has its row in scripts/layers.json.',
      severity: 'error',
      from: { path: `^src/(?!(${folders.join('|')})/)` },
      to: {},
    },
    {
      name: 'no-import-of-tests',
      comment: 'Nobody imports a test.',
      severity: 'error',
      from: {},
      to: { path: TEST_FILE },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: { pathNot: '^test/fixtures/' },
      to: { couldNotResolve: true, pathNot: '(^node:|\\.wgsl\\?raw$|^virtual:|\\?(raw|url|worker)$)' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that package.json does not list.',
      severity: 'error',
      from: { path: '^(src|test|bench|scripts)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-package-in-src',
      comment: 'What ships must be a dependency, not a devDependency. Electron is what it ships in.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TEST_FILE, '^src/main/electron/(electron-api|windows/preload)\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'electron-in-two-files',
      comment: 'Main is handed Electron as a value; the preload script has a world of its own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/electron/(electron-api|windows/preload)\\.ts$' },
      to: { path: 'node_modules/electron/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'cheats-wrap-ports',
      comment: 'A cheat wraps one port of an unchanged host: of host it may know its ports alone.',
      severity: 'error',
      from: { path: '^test/support/cheats/' },
      to: { path: '^src/', pathNot: '^src/(host/(work/)?ports\\.ts$|main/|cli/|race/|models/|protocol/|lib/)' },
    },
    ...layerRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.tsc|test/fixtures)/' },
    tsPreCompilationDeps: true,
    detectJSDocImports: false,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.test.json' },
    builtInModules: { add: ['node:sqlite', 'node:test', 'sqlite'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types', 'require'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}

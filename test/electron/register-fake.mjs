/** For `node --import`: whoever imports `electron` gets the fake. */
import { registerHooks } from 'node:module'

const FAKE = new URL('./fake-electron-module.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: FAKE, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
})

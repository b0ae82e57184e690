/**
 * An application of its own process for a real CometBFT, that can kill itself at an exact moment.
 *
 *   node app-child.ts <home> <address> <recording> [<height>:<moment>]
 *
 * executed: block executed, not answered · asked: the commit was asked for, nothing written · written: block on disk, CometBFT
 * not told · told: CometBFT knows the commit and asks for the next proposal.
 */

import type { Application } from '../../../src/chain/application.ts'
import { createApplication } from '../../../src/chain/create-application.ts'
import { startAbciApp } from '../../../src/chain-node/abci/abci-app.ts'
import { overlay } from '../../../src/lib/overlay.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../../src/main/system.ts'

const [home = '', address = '', recordBlocksTo = '', death = ''] = process.argv.slice(2)
const [height, moment] = death.split(':')

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function dieAt(here: string, at: bigint | undefined): void {
  if (moment === here && at === BigInt(height ?? 0)) {
    process.kill(process.pid, 'SIGKILL')
  }
}

function mortal(application: Application): Application {
  let finalized: bigint | undefined
  return overlay(application, {
    finalizeBlock(input) {
      const result = application.finalizeBlock(input)
      finalized = input.height
      dieAt('executed', finalized)
      return result
    },
    takeChanges() {
      dieAt('asked', finalized)
      return application.takeChanges()
    },
    commit() {
      dieAt('written', finalized)
      application.commit()
    },
    randomnessMessage(next) {
      dieAt('told', next - 1n)
      return application.randomnessMessage(next)
    },
  })
}

const app = await startAbciApp(
  {
    clock: SYSTEM_CLOCK,
    logger: { ...SILENT_LOGGER, log: (level, message) => say(`${level} ${message}`) },
    rng: SYSTEM_RNG,
    openState: (store) => mortal(createApplication({ store })),
  },
  { home, address, version: '0.0.0', recordBlocksTo },
)
say(`listening on ${app.address}`)
// Whoever started it is gone when its stdin ends.
process.stdin.on('end', () => process.exit()).resume()
await app.done

#!/usr/bin/env node
/**
 * The `tailrace` command: reads the command line, runs one command until it is done or told to stop, and turns every failure
 * into one line and an exit code (0 done, 1 failed, 2 bad usage). Read next: arguments.ts, then main/service-shell.ts.
 */
import { errorCode, errorMessage } from '../lib/coded-error.ts'
import { VERSION } from '../main/version.ts'
import { parseCommand } from './arguments.ts'
import { HELP } from './help.ts'
import { runGateway } from './run-gateway.ts'
import { runHost } from './run-host.ts'
import { runKeyCreate } from './run-key-create.ts'
import { runNode } from './run-node.ts'
import { runReceiptVerify } from './run-receipt-verify.ts'
import { runStart } from './run-start.ts'
import { adviceFor } from './sentences.ts'

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv)
  switch (command.name) {
    case 'start':
      return runStart(command.args)
    case 'node':
      return runNode(command.args)
    case 'host':
      return runHost(command.args)
    case 'gateway':
      return runGateway(command.args)
    case 'key create':
      return runKeyCreate(command.args)
    case 'receipt verify':
      return runReceiptVerify(command.args)
    case 'version':
      process.stdout.write(`${VERSION}\n`)
      return 0
    case 'help':
      process.stdout.write(HELP)
      return 0
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const code = errorCode(error)
    const advice = adviceFor(code)
    process.stderr.write(`tailrace: ${errorMessage(error)}${advice === undefined ? '' : `\n  ${advice}`}\n`)
    process.exit(code === 'bad_usage' ? 2 : 1)
  },
)

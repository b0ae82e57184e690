/** The processes of a running network of validators: who they are, which process each is now, and when one is back. Linux. */
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cometStatus } from '../../../src/main/cometbft/comet-rpc.ts'
import type { ValidatorPlan } from '../../../src/main/network/validators/plan.ts'
import { gatewayHome, hostHome, validatorHome, validatorHostHome } from '../../../src/main/network/validators/plan.ts'

export interface Member {
  /** `validator-1 app`, `validator-1 cometbft`, `validator-host-1`, `host-1`, `gateway`. */
  readonly name: string
  /** Undefined while it does not run. */
  pid(): number | undefined
  /** Whether it does its part again; `height` is where the network is. */
  isBack(height: number): Promise<boolean>
}

/** A node is back when it is no more than this behind the others. */
const NEAR_BLOCKS = 1

export function membersOfNetwork(home: string, plan: ValidatorPlan): readonly Member[] {
  const nodes = plan.validators.flatMap(({ rpc }, index): Member[] => {
    const folder = validatorHome(home, index)
    const isBack = async (height: number): Promise<boolean> => {
      const status = await cometStatus(`http://127.0.0.1:${rpc}`)
      return !status.isCatchingUp && status.height >= height - NEAR_BLOCKS
    }
    return [
      { name: `validator-${index + 1} app`, pid: () => findProcess(folder, ['node', 'app']), isBack },
      { name: `validator-${index + 1} cometbft`, pid: () => findProcess(folder, ['start']), isBack },
    ]
  })
  const hosts = [
    ...plan.validators.map(({ hostP2p }, index) => {
      return { name: `validator-host-${index + 1}`, folder: validatorHostHome(home, index), port: hostP2p }
    }),
    ...plan.hosts.map(({ p2p }, index) => ({ name: `host-${index + 1}`, folder: hostHome(home, index), port: p2p })),
    { name: 'gateway', folder: gatewayHome(home), port: plan.gateway.api },
  ].map(
    ({ name, folder, port }): Member => ({
      name,
      pid: () => findProcess(folder, [name === 'gateway' ? 'gateway' : 'host']),
      isBack: () => isListening(port),
    }),
  )
  return [...nodes, ...hosts]
}

/** The process that was started with `--home folder` and these words before it. */
function findProcess(folder: string, words: readonly string[]): number | undefined {
  const wanted = [...words, '--home', folder]
  const found = readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .find((pid) => {
      const given = argumentsOf(pid)
      const at = given.indexOf(folder) - wanted.length + 1
      return at >= 0 && wanted.every((word, offset) => given[at + offset] === word)
    })
  return found === undefined ? undefined : Number(found)
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It ended while we looked.
    return []
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const end = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

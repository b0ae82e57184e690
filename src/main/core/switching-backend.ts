/**
 * The backend that the screen keeps while the host behind it is replaced (a new wallet, an upgrade of the data folder). Invariant: one
 * subscription of a screen lives through any number of hosts, and sees each new one at once.
 */
import type { ScreenBackend } from '../../ipc/screen-router.ts'

export interface SwitchingBackend extends ScreenBackend {
  /** From now on everything goes there. */
  switchTo(next: ScreenBackend): void
}

export function createSwitchingBackend(first: ScreenBackend): SwitchingBackend {
  let inner = first
  const listeners = new Set<() => void>()
  const notify = (): void => {
    for (const listener of listeners) {
      listener()
    }
  }
  let unsubscribe = inner.onChange(notify)
  return {
    snapshot: () => inner.snapshot(),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    switchTo(next) {
      unsubscribe()
      inner = next
      unsubscribe = inner.onChange(notify)
      notify()
    },
    join: () => inner.join(),
    leave: () => inner.leave(),
    finish: () => inner.finish(),
    ledger: (page, signal) => inner.ledger(page, signal),
    earnings: (input, signal) => inner.earnings(input, signal),
    receiptFile: (orderHash, signal) => inner.receiptFile(orderHash, signal),
    verifyReceipt: (orderHash, signal) => inner.verifyReceipt(orderHash, signal),
    chat: (input, signal) => inner.chat(input, signal),
    get wallet() {
      return inner.wallet
    },
    get settings() {
      return inner.settings
    },
    get machine() {
      return inner.machine
    },
    get logs() {
      return inner.logs
    },
  }
}

import { useState } from 'react'
import type { ReceiptVerdict } from '../../../ipc/wires/developer-wire.ts'
import { useActions } from '../../state/use-screen.ts'
import { failureSentence } from '../words/failures.ts'
import { saveText } from './save-text.ts'

export interface ReceiptUse {
  readonly busy: 'verify' | 'file' | undefined
  readonly verdict: ReceiptVerdict | undefined
  /** What the last step came to, where that is no verdict. */
  readonly word: string
  verify(): Promise<void>
  download(): Promise<void>
}

/** Verifying and saving one receipt. */
export function useReceipt(orderHash: string): ReceiptUse {
  const { verifyReceipt, receiptFile } = useActions()
  const [busy, setBusy] = useState<ReceiptUse['busy']>(undefined)
  const [verdict, setVerdict] = useState<ReceiptVerdict | undefined>(undefined)
  const [word, setWord] = useState('')
  return {
    busy,
    verdict,
    word,
    async verify() {
      setBusy('verify')
      const answer = await verifyReceipt(orderHash)
      setBusy(undefined)
      setVerdict('value' in answer ? answer.value : undefined)
      setWord('failure' in answer ? failureSentence(answer.failure) : '')
    },
    async download() {
      setBusy('file')
      const answer = await receiptFile(orderHash)
      setBusy(undefined)
      if ('failure' in answer) {
        setWord(failureSentence(answer.failure))
      } else if (answer.value.text === undefined) {
        setWord('The receipt is not on chain yet.')
      } else {
        saveText(document, answer.value.name, answer.value.text)
        setWord(`Saved as ${answer.value.name}.`)
      }
    },
  }
}

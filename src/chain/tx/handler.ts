import type { BlockContext } from '../context.ts'
import type { Rejection } from '../tx-codes.ts'

/** One kind of message. `validate` reads and changes nothing; `apply` runs only after it found nothing wrong. */
export interface MessageHandler<T> {
  readonly validate: (context: BlockContext, message: T) => Rejection | undefined
  /** Returns the encoded response. */
  readonly apply: (context: BlockContext, message: T) => Uint8Array
}

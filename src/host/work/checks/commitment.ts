/**
 * What this host committed to and will have to show: a verifier its own pass, an arbiter its ruling and salt. Kept before the
 * commit leaves, because a GPU need not compute the same bits twice and a salt is never drawn twice.
 */
import { concatBytes, equalBytes, u32be } from '../../../lib/bytes.ts'
import { Ruling } from '../../../protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../../protocol/inference.ts'
import { checkCommitHash, rulingCommitHash } from '../../../protocol/work/check.ts'
import type { OwnPass } from '../../../protocol/work/judge.ts'
import { ownScoresHash } from '../../../protocol/work/judge.ts'
import { WORK_LIMITS } from '../../../protocol/work/limits.ts'
import type { WorkStore } from '../ports.ts'

export interface HiddenRuling {
  readonly ruling: Ruling
  /** SALT_BYTES random bytes. */
  readonly salt: Uint8Array
}

/** A drawn point of a batch, and who this host is (20-byte owner). */
export interface CommitmentPlace {
  readonly host: Uint8Array
  readonly batch: bigint
  readonly point: number
}

type Store = Pick<WorkStore, 'putCommitment' | 'commitment'>

export const SALT_BYTES = 32
const ENDINGS = ['open', 'end_token', 'stop_text'] as const
const NOT_COMPUTABLE = 255
const HEAD_BYTES = 5

export function passName({ batch, point }: CommitmentPlace): string {
  return `verifier/${batch}/${point}`
}

export function rulingName({ batch, point }: CommitmentPlace): string {
  return `arbiter/${batch}/${point}`
}

export async function keepPass(store: Store, place: CommitmentPlace, own: OwnPass): Promise<Uint8Array> {
  await store.putCommitment(passName(place), encodePass(own))
  return passHash(place, own)
}

/** The kept pass: where the chain shows a commit, only the one that it is of. Undefined where none is known. */
export async function keptPass(
  store: Store,
  place: CommitmentPlace,
  committed: Uint8Array | undefined,
): Promise<OwnPass | undefined> {
  const bytes = await store.commitment(passName(place))
  const own = bytes && decodePass(bytes)
  return own !== undefined && isOf(committed, passHash(place, own)) ? own : undefined
}

export function passHash(place: CommitmentPlace, own: OwnPass): Uint8Array {
  return checkCommitHash({ ...place, scoresHash: ownScoresHash(own) })
}

export async function keepRuling(store: Store, place: CommitmentPlace, hidden: HiddenRuling): Promise<Uint8Array> {
  const { ruling, salt } = hidden
  await store.putCommitment(rulingName(place), concatBytes(salt, Ruling.encode(ruling).finish()))
  return rulingCommitHash({ ...place, ...hidden })
}

/** As keptPass. */
export async function keptRuling(
  store: Store,
  place: CommitmentPlace,
  committed: Uint8Array | undefined,
): Promise<HiddenRuling | undefined> {
  const bytes = await store.commitment(rulingName(place))
  const hidden = bytes && decodeRuling(bytes)
  return hidden !== undefined && isOf(committed, rulingCommitHash({ ...place, ...hidden })) ? hidden : undefined
}

function isOf(committed: Uint8Array | undefined, hash: Uint8Array): boolean {
  return committed === undefined || equalBytes(committed, hash)
}

/** Ending u8 ‖ positions u32 ‖ margins i32 each ‖ scores ‖ numeric class. */
function encodePass(own: OwnPass): Uint8Array {
  if (own === 'not_computable') {
    return Uint8Array.of(NOT_COMPUTABLE)
  }
  const { margins, scores, ending, numericClass } = own
  const marginBytes = new Uint8Array(4 * margins.length)
  const view = new DataView(marginBytes.buffer)
  for (const [position, margin] of margins.entries()) {
    view.setInt32(4 * position, margin)
  }
  const ascii = Uint8Array.from(numericClass, (character) => character.charCodeAt(0))
  return concatBytes(Uint8Array.of(ENDINGS.indexOf(ending)), u32be(margins.length), marginBytes, scores, ascii)
}

/** Undefined for bytes that encodePass does not write: they are as good as lost. */
function decodePass(bytes: Uint8Array): OwnPass | undefined {
  if (bytes.length === 1 && bytes[0] === NOT_COMPUTABLE) {
    return 'not_computable'
  }
  const ending = ENDINGS[bytes[0] ?? NOT_COMPUTABLE]
  if (ending === undefined || bytes.length < HEAD_BYTES) {
    return undefined
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const positions = view.getUint32(1)
  const scoresAt = HEAD_BYTES + 4 * positions
  const classAt = scoresAt + SCORE_BYTES * positions
  if (classAt > bytes.length || bytes.length > classAt + WORK_LIMITS.classCharacters) {
    return undefined
  }
  const margins = Int32Array.from({ length: positions }, (_, position) => view.getInt32(HEAD_BYTES + 4 * position))
  const numericClass = String.fromCharCode(...bytes.subarray(classAt))
  return { ending, margins, scores: bytes.slice(scoresAt, classAt), numericClass }
}

function decodeRuling(bytes: Uint8Array): HiddenRuling | undefined {
  try {
    return { salt: bytes.slice(0, SALT_BYTES), ruling: Ruling.decode(bytes.subarray(SALT_BYTES)) }
  } catch {
    // Damaged: as good as lost.
    return undefined
  }
}

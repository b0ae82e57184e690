/**
 * The Signer across a process boundary: main holds the keys, the core process asks. Invariant: no secret ever crosses; what crosses is
 * bounded bytes to sign and 64 bytes back, and the policy (keys/sign-policy.ts) is applied on main's side.
 */
import { z } from 'zod'
import type { DutyKind, HostIdentity, Signer } from '../../keys/signer.ts'
import type { Ask, PortMethod } from './call-port.ts'
import { portMethod } from './call-port.ts'

/** Of a document: a transaction has at most 128 KiB, and a little around it. */
export const MAX_SIGN_BYTES = 144 * 1_024

const bytesSchema = (most: number): z.ZodType<Uint8Array> =>
  z
    .instanceof(Uint8Array)
    .refine((bytes) => bytes.length <= most, `more than ${most} bytes`)
    // A Buffer or a view of a larger one stays outside.
    .transform((bytes) => Uint8Array.from(bytes))
const publicKeySchema = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 33)
const signatureSchema = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 64)
const nothingSchema = z.undefined()
const identitySchema = z.object({
  ownerAddress: z.string().max(64),
  ownerPublicKey: publicKeySchema,
  deviceAddress: z.string().max(64),
  devicePublicKey: publicKeySchema,
})
const signTxSchema = z.object({ key: z.enum(['owner', 'device']), document: bytesSchema(MAX_SIGN_BYTES) })
/** Which kinds there are is the signer's to say, with its own code. */
const dutyKindSchema = z
  .string()
  .max(64)
  .transform((kind) => kind as DutyKind)
const signDutySchema = z.object({ kind: dutyKindSchema, message: bytesSchema(MAX_SIGN_BYTES) })

/** `signer`: the one in force now; it changes when a person changes the wallet. */
export function signerMethods(signer: () => Signer): [string, PortMethod][] {
  return [
    ['identity', portMethod(nothingSchema, async () => signer().identity)],
    ['isOwnerOpen', portMethod(nothingSchema, () => signer().isOwnerOpen())],
    ['signTx', portMethod(signTxSchema, ({ key, document }) => signer().signTx(key, document))],
    ['signDuty', portMethod(signDutySchema, ({ kind, message }) => signer().signDuty(kind, message))],
  ]
}

/** The signer as the core sees it: its identity is asked for once. @throws CodedError `connection_lost` */
export async function signerOver(ask: Ask): Promise<Signer> {
  const identity: HostIdentity = await ask('identity', undefined, identitySchema)
  return {
    identity,
    isOwnerOpen: () => ask('isOwnerOpen', undefined, z.boolean()),
    signTx: (key, document) => ask('signTx', { key, document }, signatureSchema),
    signDuty: (kind, message) => ask('signDuty', { kind, message }, signatureSchema),
  }
}
